import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { Announcing } from '../../../src/daemon/front-door/announcing';
import { AvahiWatch } from '../../../src/daemon/front-door/avahi/avahi-watch';
import { busName, DBusConnection } from '../../../src/daemon/front-door/avahi/d-bus-connection';
import type { DBusMessage } from '../../../src/daemon/front-door/avahi/d-bus-message';
import type { DBusValue } from '../../../src/daemon/front-door/avahi/d-bus-values';
import type { NetworkInterface } from '../../../src/daemon/platform/network-interfaces';
import type { AnnouncerEvent } from '../../../src/protocol/announcer';
import { link } from '../../support/network-link';
import { BusInMemory, messageBytes } from './avahi/bus-in-memory';
import { sampleOrder as order } from './sample-order';

const avahi = ':1.0';
const group = '/Client1/EntryGroup1';
const triedGroup = '/Client1/EntryGroup2';
const groupInterface = 'org.freedesktop.Avahi.EntryGroup';

const answers: Readonly<Record<string, readonly [signature: string, value: DBusValue]>> = {
  GetNameOwner: ['s', avahi],
  GetState: ['i', 2],
  GetHostNameFqdn: ['s', 'machine.local'],
  GetNetworkInterfaceIndexByName: ['i', 2],
};

/** What an avahi-daemon of these tests does not do. */
interface Faults {
  /** Whether it has stopped to answer. */
  hangs?: boolean;
  /** Whether it announces no addresses of the machine. */
  isWithoutAddresses?: boolean;
}

/**
 * An avahi-daemon that agrees with everything, on a bus; `calls` are those of what is announced, with the address of each `AddAddress`. What is tried
 * and never announced goes into a group of its own.
 */
function agreeingAvahi(faults: Faults) {
  const calls: string[] = [];
  let groups = 0;
  const answer = ({ serial, path, interface: called, member, body }: DBusMessage, bus: BusInMemory) => {
    if (faults.hangs === true && called !== busName) return;
    const isTried = path === triedGroup;
    if (called === groupInterface && !isTried)
      calls.push(member === 'AddAddress' ? `${member} ${String(body[4])}` : member);
    if (member === 'EntryGroupNew') groups += 1;
    // The one that is announced is made first, and while it is empty the one in which something is tried.
    const [signature, ...values] =
      member === 'EntryGroupNew' ? ['o', groups === 1 ? group : triedGroup] : (answers[member] ?? ['']);
    const sender = called === busName ? busName : avahi;
    const message = { sender, replySerial: serial, path, interface: called, signature };
    if (member === 'AddRecord' && faults.isWithoutAddresses !== true) {
      const errorName = 'org.freedesktop.Avahi.CollisionError';
      bus.passOn(messageBytes({ ...message, kind: 'error', member: '', errorName, body: [] }));
      return;
    }
    bus.passOn(messageBytes({ ...message, kind: 'return', member: '', body: values }));
    if (member !== 'Commit') return;
    const established = { ...message, kind: 'signal', member: 'StateChanged', signature: 'is' } as const;
    bus.passOn(messageBytes({ ...established, body: [2, ''] }));
  };
  const connect = () => {
    const connection = new DBusConnection(new BusInMemory(answer));
    connection.start();
    return Promise.resolve(connection);
  };
  return { calls, connect };
}

/** An announcement by that avahi-daemon on a machine whose interfaces the test sets. `looks` counts how often those were asked for. */
function announcingOn(t: TestContext, present: readonly NetworkInterface[], faults: Faults = {}) {
  const { calls, connect } = agreeingAvahi(faults);
  const machine = { present, looks: 0 };
  const said: AnnouncerEvent[] = [];
  const failures: string[] = [];
  const announcing = new Announcing({
    watch: new AvahiWatch({ connect, backoff: { firstMs: 1, capMs: 1, jitter: 0 }, avahiSocket: '/nowhere' }),
    announceByOwnResponder: () =>
      faults.hangs === true
        ? Promise.resolve({ name: 'lab-7', stop: () => Promise.resolve() })
        : Promise.reject(new Error('avahi-daemon is there')),
    listInterfaces: () => {
      machine.looks += 1;
      return machine.present;
    },
    say: (event) => said.push(event),
    onFailed: ({ message }) => failures.push(message),
    avahiRestartMs: faults.hangs === undefined ? 10_000 : 1,
    addressCheckMs: 5,
    avahiCheckMs: faults.hangs === undefined ? 60_000 : 5,
    avahiAnswerMs: 500,
  });
  t.after(() => announcing.dispose());
  return { announcing, machine, calls, said, failures };
}

const deadline = (what: string) => withDeadline(30_000, what);
const made = (address: string) => [`AddAddress ${address}`, 'AddService', 'Commit'];

test('addresses listed for Avahi follow the interface without another order, and only when they change', async (t) => {
  const { announcing, machine, calls, said, failures } = announcingOn(t, [
    link('eth0', '10.0.0.7', 'fe80::7'),
  ]);
  announcing.announce(order);
  await until(() => said[0], deadline('the announcement'));
  assert.deepEqual(calls.splice(0), made('10.0.0.7'));

  const untilLookedAgain = async (times: number) => {
    const { looks } = machine;
    await until(() => (machine.looks >= looks + times ? true : undefined), deadline('more looks'));
  };
  machine.present = [link('eth0', '10.0.0.7', 'fe80::9'), link('wlan0', '10.9.0.7')];
  await untilLookedAgain(3);
  assert.deepEqual(calls, [], 'nothing of what is announced has changed');

  machine.present = [link('eth0', '10.0.0.8', 'fe80::9')];
  await until(() => said[1], deadline('the other address'));
  await untilLookedAgain(3);
  assert.deepEqual(calls.splice(0), ['Reset', ...made('10.0.0.8')]);
  assert.deepEqual(said, Array(2).fill({ event: 'announced', name: 'lab-7', by: 'avahi' }));

  await announcing.stop();
  assert.deepEqual(calls, ['Free']);
  assert.deepEqual(failures, []);
});

test('addresses that Avahi follows itself are left to it', async (t) => {
  const { announcing, machine, calls, said } = announcingOn(t, [link('eth0', '10.0.0.7', 'fe80::7')]);
  announcing.announce({ ...order, isIPv4Only: false });
  await until(() => said[0], deadline('the announcement'));
  const { looks } = machine;
  machine.present = [link('eth0', '10.0.0.8', 'fe80::8')];
  const ticks = { count: 0 };
  const ticking = setInterval(() => (ticks.count += 1), 5);
  t.after(() => clearInterval(ticking));
  await until(() => (ticks.count >= 3 ? true : undefined), deadline('the time of some looks'));
  assert.equal(machine.looks, looks);
  assert.deepEqual(calls, ['AddService', 'Commit']);
});

test('an avahi-daemon that has announced and then hangs is stood in for, with the reason', async (t) => {
  const faults = { hangs: false };
  const { announcing, said, failures } = announcingOn(t, [link('eth0', '10.0.0.7')], faults);
  announcing.announce(order);
  await until(() => said[0], deadline('the announcement'));
  faults.hangs = true;
  const event = await until(() => said.find(({ by }) => by === 'own-responder'), deadline('who stands in'));
  assert.match(event.because ?? '', /^avahi-daemon cannot be used: avahi-daemon: no answer within 0\.5 s$/);
  assert.deepEqual(
    said.filter(({ by }) => by === 'avahi'),
    [{ event: 'announced', name: 'lab-7', by: 'avahi' }],
  );
  assert.deepEqual(failures, []);
});

test('where avahi-daemon announces no addresses of the machine the daemon has a name of its own, with those of the interfaces', async (t) => {
  const present = [link('eth0', '10.0.0.7', 'fe80::7', 'fd00::7')];
  const { announcing, machine, calls, said } = announcingOn(t, present, { isWithoutAddresses: true });
  announcing.announce({ ...order, isIPv4Only: false });
  await until(() => said[0], deadline('the announcement'));
  const added = (...addresses: string[]) => addresses.map((address) => `AddAddress ${address}`);
  assert.deepEqual(calls.splice(0), [...added('10.0.0.7', 'fd00::7'), 'AddService', 'Commit']);
  machine.present = [link('eth0', '10.0.0.8', 'fe80::7')];
  await until(() => said[1], deadline('the other addresses'));
  assert.deepEqual(calls, ['Reset', ...added('10.0.0.8', 'fe80::7'), 'AddService', 'Commit']);
});
