import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Emitter } from '../../../src/base/event';
import { until, withDeadline } from '../../../src/base/time';
import type { FoundHost, HostProvider } from '../../../src/extension/hosts/host-provider';
import { pinHint } from '../../../src/protocol/pin';
import { createCertificate } from '../transports/certificates';
import {
  hello,
  startFakeFrontDoor,
  wellKnown,
  type Answer,
  type FakeFrontDoor,
} from '../transports/fake-front-door';
import { createPerson, createProfile, openWindow, untilState, type Profile } from './window';

const token = 'T'.repeat(43);
const daemonId = 'd'.repeat(32);

/** A front door with an agent whose streams say one ping and stay open. */
function answers(valid: { isTokenGood: boolean }): Answer {
  return ({ path, body, authorization }) => {
    if (path === '/.well-known/remote-kernels') return { status: 200, body: wellKnown() };
    if (path === '/sign-in')
      return body.includes('correct horse')
        ? { status: 200, body: { token, user: 'ada', expiresAt: '2030-01-01T00:00:00Z' } }
        : { status: 401, body: { code: 'refused', message: 'no' } };
    if (path.startsWith('/sign-out')) return { status: 204, body: {} };
    if (authorization !== `Bearer ${token}` || !valid.isTokenGood)
      return { status: 401, body: { code: 'unauthorized', message: 'no' } };
    return { status: 200, body: path.endsWith('/hello') ? hello() : { event: 'complete', total: 0 } };
  };
}

async function startDoor(t: TestContext, valid = { isTokenGood: true }): Promise<FakeFrontDoor> {
  return await startFakeFrontDoor(t, {
    certificate: await createCertificate('lab-7'),
    answer: answers(valid),
  });
}

/** A provider whose finds the test decides. */
function createFinds(): HostProvider & { find(...hosts: FoundHost[]): void } {
  const changes = new Emitter<void>();
  let found: readonly FoundHost[] = [];
  return {
    get found() {
      return found;
    },
    onDidChange: changes.event,
    start: () => undefined,
    refresh: () => undefined,
    dispose: () => changes.dispose(),
    find(...hosts) {
      found = hosts;
      changes.fire();
    },
  };
}

function announcementOf(door: FakeFrontDoor, over: Partial<FoundHost> = {}): FoundHost {
  return {
    source: 'discovered',
    name: 'lab-7',
    endpoint: {
      kind: 'tls',
      hostname: `lab-7-${door.port}.local`,
      port: door.port,
      origin: 'discovered',
      addresses: ['127.0.0.1'],
    },
    claimed: { daemonId, pinHint: pinHint(door.certificate.pin), protocol: '1.0' },
    lastSeenAt: Date.now(),
    ...over,
  };
}

/** Waits until it is written down that the host was left. */
function untilLeft({ storage }: Profile): Promise<true> {
  return until(() => (storage.read()[0]?.wasConnected === false ? true : undefined), signal());
}

const signal = () => withDeadline(20_000, 'the connection');
const ada = () => createPerson(['ada', 'correct horse']);

test('a spoof under the same name is a host of its own, and one that claims the same key gets no byte', async (t) => {
  const [genuine, spoof] = [await startDoor(t), await startDoor(t)];
  const finds = createFinds();
  const { hosts } = openWindow(t, { providers: [finds] });
  finds.find(announcementOf(genuine));
  const [host] = hosts.all;
  assert.ok(host);
  await hosts.connect(host.id, { interaction: ada(), signal: signal() });
  assert.equal(host.state.kind, 'connected');

  finds.find(announcementOf(genuine), announcementOf(spoof));
  assert.deepEqual(
    hosts.all.map(({ name, isAnnounced }) => [name, isAnnounced]),
    [
      ['lab-7', true],
      ['lab-7', true],
    ],
  );
  // The liar copies id and key of the announcement, which everybody can read, under the very place of the host.
  hosts.disconnect(host.id);
  const liar = announcementOf(genuine, {
    endpoint: { ...announcementOf(spoof).endpoint },
  });
  finds.find(liar);
  const bytesBefore = spoof.receivedBytes;
  await hosts.connect(host.id, { interaction: ada(), signal: signal() });
  assert.equal(host.state.kind, 'connected');
  hosts.disconnect(host.id);
  assert.equal(spoof.receivedBytes, bytesBefore);
  assert.equal(spoof.receivedBytes, 0);
});

test('a host that moved is found again by what an earlier connection proved, and keeps its identity', async (t) => {
  const valid = { isTokenGood: true };
  const certificate = await createCertificate('lab-7');
  const before = await startFakeFrontDoor(t, { certificate, answer: answers(valid) });
  const finds = createFinds();
  const profile = createProfile();
  const { hosts } = openWindow(t, { providers: [finds], profile });
  finds.find(announcementOf(before));
  const [host] = hosts.all;
  assert.ok(host);
  await hosts.connect(host.id, { interaction: ada(), signal: signal() });
  hosts.disconnect(host.id);
  await untilLeft(profile);
  const after = await startFakeFrontDoor(t, { certificate, answer: answers(valid) });
  await profile.storage.write(
    profile.storage.read().map((saved) => ({
      ...saved,
      endpoints: [{ kind: 'tls', hostname: '127.0.0.1', port: 1, origin: 'discovered' }],
    })),
  );
  finds.find(announcementOf(after));
  assert.equal(hosts.all.length, 1);
  const outcome = await hosts.connect(host.id, { signal: signal() });
  assert.deepEqual(outcome, { kind: 'connected' });
  assert.equal(profile.storage.read()[0]?.endpoints.length, 2);
});

test('a changed key is refused with both keys at hand, and replaced only deliberately', async (t) => {
  const [first, second] = [await startDoor(t), await startDoor(t)];
  const profile = createProfile();
  const { hosts } = openWindow(t, { profile });
  const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: first.port });
  await hosts.connect(host.id, { interaction: ada(), signal: signal() });
  hosts.disconnect(host.id);
  await untilLeft(profile);
  await profile.storage.write(
    profile.storage.read().map((saved) => ({
      ...saved,
      endpoints: [{ kind: 'tls', hostname: '127.0.0.1', port: second.port, origin: 'typed' }],
    })),
  );
  const outcome = await hosts.connect(host.id, { interaction: ada(), signal: signal() });
  assert.equal(outcome.kind, 'failed');
  assert.ok(host.state.kind === 'key-changed');
  assert.equal(host.state.presented, second.certificate.pin);
  assert.equal(host.accepted?.pin, first.certificate.pin);
  await second.untilClosed();
  assert.equal(second.receivedBytes, 0);
  assert.equal(profile.secrets.values.size, 1);

  await hosts.replaceKey(host.id, second.certificate.pin);
  assert.equal(profile.secrets.values.size, 0);
  assert.equal(host.accepted.pin, second.certificate.pin);
  const person = ada();
  await hosts.connect(host.id, { interaction: person, signal: signal() });
  assert.equal(host.state.kind, 'connected');
  assert.equal(person.keys.length, 0);
});

test('a confirmed key is remembered although the sign-in was dismissed, and a declined one is not', async (t) => {
  const door = await startDoor(t);
  const { hosts } = openWindow(t);
  const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: door.port });
  const declined = await hosts.connect(host.id, { interaction: createPerson([], false), signal: signal() });
  assert.deepEqual([declined.kind, host.accepted], ['cancelled', undefined]);
  const dismissed = await hosts.connect(host.id, { interaction: createPerson([]), signal: signal() });
  assert.equal(dismissed.kind, 'cancelled');
  assert.equal(host.state.kind, 'disconnected');
  assert.equal(host.accepted?.pin, door.certificate.pin);
  const person = ada();
  await hosts.connect(host.id, { interaction: person, signal: signal() });
  assert.equal(host.state.kind, 'connected');
  assert.equal(person.keys.length, 0);
});

test('when the sign-in ends the host waits for a person and asks nothing by itself', async (t) => {
  const valid = { isTokenGood: true };
  const door = await startDoor(t, valid);
  const { hosts } = openWindow(t);
  const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: door.port, userName: 'ada' });
  const person = ada();
  await hosts.connect(host.id, { interaction: person, signal: signal() });
  assert.equal(person.prompts[0]?.suggestion, 'ada');
  valid.isTokenGood = false;
  hosts.wake();
  await untilState(host, 'sign-in-needed');
  const asked = person.prompts.length;
  hosts.wake();
  hosts.reconnectNow(host.id);
  assert.equal(host.state.kind, 'sign-in-needed');
  assert.equal(person.prompts.length, asked);
  valid.isTokenGood = true;
  await hosts.connect(host.id, { interaction: ada(), signal: signal() });
  assert.equal(host.state.kind, 'connected');
});

test('two windows share what is saved: one adds, the other sees it, and forgets it for both with its secrets', async (t) => {
  const door = await startDoor(t);
  const profile = createProfile();
  const [one, other] = [openWindow(t, { profile }), openWindow(t, { profile })];
  const host = one.hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: door.port });
  await one.hosts.connect(host.id, { interaction: ada(), signal: signal() });
  const seen = await until(
    () => (other.hosts.get(host.id)?.accepted === undefined ? undefined : other.hosts.get(host.id)),
    signal(),
  );
  assert.equal(seen.userName, 'ada');
  assert.equal(seen.state.kind, 'disconnected');
  const outcome = await other.hosts.connect(host.id, { signal: signal() });
  assert.deepEqual(outcome, { kind: 'connected' });
  assert.equal(profile.secrets.values.size, 1);
  await other.hosts.forget(host.id);
  assert.equal(profile.secrets.values.size, 0);
  assert.equal(other.hosts.get(host.id), undefined);
  one.hosts.disconnect(host.id);
  await until(() => (one.hosts.get(host.id) === undefined ? true : undefined), signal());
});

test('the same address typed twice is one host, and one that is announced keeps its identity when it is typed', async (t) => {
  const door = await startDoor(t);
  const finds = createFinds();
  const { hosts } = openWindow(t, { providers: [finds] });
  const one = hosts.add({ kind: 'tls', hostname: 'lab-8.local', port: 7443 });
  assert.equal(hosts.add({ kind: 'tls', hostname: 'lab-8.local', port: 7443 }), one);
  finds.find(announcementOf(door));
  const announced = hosts.all.find(({ isAnnounced }) => isAnnounced);
  assert.ok(announced);
  const typed = hosts.add({ kind: 'tls', hostname: `lab-7-${door.port}.local`, port: door.port });
  assert.equal(typed, announced);
  finds.find();
  assert.equal(hosts.get(announced.id), announced);
  assert.equal(announced.isAnnounced, false);
  assert.ok(announced.lastSeenAt === undefined || announced.lastSeenAt > 0);
  const ssh = hosts.add({ kind: 'ssh', destination: 'gpu-login' });
  const outcome = await hosts.connect(ssh.id, { interaction: ada(), signal: signal() });
  assert.ok(outcome.kind === 'failed' && outcome.error.code === 'not-supported');
});

test('an attempt is joined by a second asker, who can leave without ending it; its own signal ends it', async (t) => {
  const door = await startDoor(t);
  const { hosts } = openWindow(t);
  const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: door.port });
  let answer: (isConfirmed: boolean) => void = () => undefined;
  const person = { ...ada(), confirmKey: () => new Promise<boolean>((resolve) => (answer = resolve)) };
  const first = hosts.connect(host.id, { interaction: person, signal: signal() });
  await until(
    () => (host.state.kind === 'connecting' && host.state.step === 'checking-key' ? true : undefined),
    signal(),
  );
  const joining = new AbortController();
  const second = hosts.connect(host.id, { interaction: ada(), signal: joining.signal });
  joining.abort();
  assert.deepEqual(await second, { kind: 'cancelled' });
  assert.equal(host.state.kind, 'connecting');
  answer(true);
  assert.deepEqual(await first, { kind: 'connected' });

  hosts.disconnect(host.id);
  await hosts.forget(host.id);
  const again = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: door.port });
  const ending = new AbortController();
  const third = hosts.connect(again.id, { interaction: person, signal: ending.signal });
  await until(
    () => (again.state.kind === 'connecting' && again.state.step === 'checking-key' ? true : undefined),
    signal(),
  );
  ending.abort();
  answer(true);
  assert.deepEqual(await third, { kind: 'cancelled' });
  assert.equal(again.state.kind, 'disconnected');
});

test('without automatic reconnection a lost host says so and comes back when told', async (t) => {
  const { startCutter } = await import('../../support/cutter');
  const door = await startDoor(t);
  const cutter = await startCutter(t, door.port);
  const { hosts } = openWindow(t, { reconnectsAutomatically: false });
  const host = hosts.add({ kind: 'tls', hostname: '127.0.0.1', port: cutter.port });
  await hosts.connect(host.id, { interaction: ada(), signal: signal() });
  await cutter.set('reset');
  hosts.wake();
  const failed = await untilState(host, 'failed');
  assert.equal(failed.cause.code, 'lost');
  // Being told once is one attempt, which does not begin a row of them.
  hosts.reconnectNow(host.id);
  assert.equal(host.state.kind, 'reconnecting');
  await untilState(host, 'failed');
  await cutter.set('pass');
  hosts.reconnectNow(host.id);
  await untilState(host, 'connected');
});
