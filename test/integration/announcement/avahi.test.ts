import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { AnnouncementOrder } from '../../../src/protocol/announcer';
import { until, withDeadline } from '../../../src/base/time';
import {
  announce,
  announceChecking,
  askAvahi,
  browseWithAvahi,
  end,
  startLab,
  type AvahiBrowser,
  type AvahiOptions,
  type BrowsedService,
  type Lab,
  type LabMachine,
} from './network-lab';

const text = {
  txtvers: '1',
  id: '0123456789abcdef0123456789abcdef',
  v: '1.0',
  fp: 'A'.repeat(22),
  name: 'lab-7',
};
const textLines = Object.entries(text)
  .map(([key, value]) => `${key}=${value}`)
  .sort();

/** What a daemon that listens on every address is to announce. */
const everywhere: AnnouncementOrder = {
  name: 'lab-7',
  hostLabel: 'lab-7-012345',
  port: 7443,
  text,
  interfaces: ['eth7', 'eth9'],
  addresses: ['eth7', 'eth9'],
  isIPv4Only: false,
};

/** The lab with somebody who browses on either side, and on the host a message bus and avahi-daemon. */
async function startBrowsedLab(t: TestContext, avahi: AvahiOptions | undefined = {}) {
  const lab = await startLab(t);
  if (lab === undefined) return undefined;
  for (const machine of [lab.near, lab.far]) {
    await machine.startBus();
    await machine.startAvahi();
  }
  const bus = await lab.host.startBus();
  const hostAvahi = await lab.host.startAvahi(avahi);
  return { ...lab, bus, hostAvahi, near: browse(lab, 'near'), far: browse(lab, 'far') };
}

function browse(lab: Lab, which: 'near' | 'far'): AvahiBrowser & { readonly machine: LabMachine } {
  return { machine: lab[which], ...browseWithAvahi(lab[which]) };
}

const seenOn = (services: readonly BrowsedService[]) =>
  services.map(({ family, name, address, port }) => `${family} ${name} ${address} ${port}`).sort();
const isIn = (number: number, port = 7443, name = 'lab-7') => [
  `IPv4 ${name} 10.231.${number}.1 ${port}`,
  `IPv6 ${name} fd31:${number}::1 ${port}`,
];
const areSeen = (expected: readonly string[]) => (services: readonly BrowsedService[]) =>
  JSON.stringify(seenOn(services)) === JSON.stringify(expected);
/** Whoever browses sees it with the addresses of the host in that network; of several addresses of one name avahi-browse tells any one. */
const isFrom = (number: number) => (services: readonly BrowsedService[]) =>
  services.length > 0 &&
  services.every(({ address }) => [`10.231.${number}.1`, `fd31:${number}::1`].includes(address));
const nothing = (services: readonly BrowsedService[]) => services.length === 0;

test('avahi-daemon announces the host for a process without rights, on each network with the address there, and takes it back', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near, far } = lab;
  const announcer = announce(host, everywhere);
  const event = await announcer.says('the announcement', () => true);
  assert.deepEqual(event, { event: 'announced', name: 'lab-7', by: 'avahi' });
  const services = await near.untilServices('the near side', areSeen(isIn(7)));
  await far.untilServices('the far side', areSeen(isIn(9)));
  for (const service of services) {
    assert.deepEqual(service.text, textLines, 'nothing else is told to the network');
    assert.equal(service.host, 'machine-h.local');
  }

  announcer.tell({ ...everywhere, text: { ...text, name: 'other words' } });
  await askAvahi(near.machine, 'other words', (present) =>
    present.some((service) => service.text.includes('name=other words')),
  );
  assert.deepEqual(
    near.lines.filter((line) => line.startsWith('-')),
    [],
    'other words are no goodbye',
  );
  announcer.tell({ ...everywhere, name: 'lab-8', port: 7000 });
  await near.untilServices('another name and port', areSeen(isIn(7, 7000, 'lab-8')));
  await far.untilServices('another name and port', areSeen(isIn(9, 7000, 'lab-8')));

  assert.equal(await announcer.end(), 0);
  await near.untilServices('the goodbye', nothing);
  await far.untilServices('the goodbye', nothing);

  const killed = announce(host, everywhere);
  await near.untilServices('the announcement', areSeen(isIn(7)));
  await end(killed.child, 'SIGKILL');
  await near.untilServices('that avahi-daemon takes it back', nothing);
  await far.untilServices('that avahi-daemon takes it back', nothing);
});

test('a name that another has is counted on, on this machine and on the network', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near } = lab;
  const first = announce(near.machine, { ...everywhere, port: 7001 });
  await first.says('the first', ({ name }) => name === 'lab-7');
  const second = announce(host, { ...everywhere, port: 7002 });
  await second.says('the second', ({ name, by }) => name === 'lab-7 #2' && by === 'avahi');
  const third = announce(host, { ...everywhere, port: 7003 });
  await third.says('the third', ({ name, by }) => name === 'lab-7 #3' && by === 'avahi');
  await near.untilServices('all of them', (services) =>
    areSeen([
      'IPv4 lab-7 #2 10.231.7.1 7002',
      'IPv4 lab-7 #3 10.231.7.1 7003',
      'IPv4 lab-7 10.231.7.2 7001',
      'IPv6 lab-7 #2 fd31:7::1 7002',
      'IPv6 lab-7 #3 fd31:7::1 7003',
      'IPv6 lab-7 fd31:7::2 7001',
    ])(services),
  );
});

test('a daemon that listens on one address is announced with that one only, and follows its interface', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near, far } = lab;
  const order = { ...everywhere, interfaces: ['eth7'], addresses: ['10.231.7.1'], isIPv4Only: true };
  const announcer = announce(host, order);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  const services = await near.untilServices(
    'the one address',
    areSeen(['IPv4 lab-7 10.231.7.1 7443', 'IPv6 lab-7 10.231.7.1 7443']),
  );
  assert.ok(services.every((service) => service.host === 'lab-7-012345.local'));
  assert.deepEqual(far.services(), []);
  announcer.tell({ ...order, interfaces: ['eth9'], addresses: ['fd31:9::1'], isIPv4Only: false });
  await far.untilServices(
    'the other address',
    areSeen(['IPv4 lab-7 fd31:9::1 7443', 'IPv6 lab-7 fd31:9::1 7443']),
  );
  await near.untilServices('the goodbye', nothing);
});

test('a daemon that listens on IPv4 only is announced with the address that its interface has now, without another order', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near } = lab;
  const announcer = announce(host, {
    ...everywhere,
    interfaces: ['eth7'],
    addresses: ['eth7'],
    isIPv4Only: true,
  });
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  const areAt = (address: string) => areSeen([`IPv4 lab-7 ${address} 7443`, `IPv6 lab-7 ${address} 7443`]);
  await near.untilServices('the first address', areAt('10.231.7.1'));
  await host.run('ip', ['addr', 'del', '10.231.7.1/24', 'dev', 'eth7']);
  await host.run('ip', ['addr', 'add', '10.231.7.9/24', 'dev', 'eth7']);
  // The name stays, so that whoever browses already is told nothing.
  await askAvahi(near.machine, 'the other address', areAt('10.231.7.9'));
});

test('an interface that comes and goes is followed by avahi-daemon without an interruption on the others', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near, far } = lab;
  const announcer = announce(host, everywhere);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  await near.untilServices('the near side', areSeen(isIn(7)));
  await lab.connect(11, host, near.machine);
  announcer.tell({
    ...everywhere,
    interfaces: ['eth7', 'eth9', 'eth11'],
    addresses: ['eth7', 'eth9', 'eth11'],
  });
  await near.untilServices('both networks', areSeen([...isIn(11), ...isIn(7)].sort()));
  await lab.disconnect(11, host);
  announcer.tell(everywhere);
  await askAvahi(near.machine, 'that it goes', areSeen(isIn(7)));
  await far.untilServices('the far side', areSeen(isIn(9)));
  assert.deepEqual(
    [...near.lines, ...far.lines].filter((line) => /^-;(?:eth7|eth9);/.test(line)),
    [],
  );
});

test('when avahi-daemon gives the machine another name the announcement has it too', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near } = lab;
  const announcer = announce(host, everywhere);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  await near.untilServices('the near side', areSeen(isIn(7)));
  await host.run('avahi-set-host-name', ['machine-x']);
  await askAvahi(
    near.machine,
    'the other name',
    (services) =>
      areSeen(isIn(7))(services) && services.every((service) => service.host === 'machine-x.local'),
  );
});

test('an avahi-daemon that is started again announces again, and one that stays away is stood in for until it is back', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near, far } = lab;
  const announcer = announce(host, everywhere);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  await near.untilServices('the near side', areSeen(isIn(7)));

  await end(lab.hostAvahi, 'SIGTERM');
  const second = await host.startAvahi();
  await announcer.says('the announcement by the next one', ({ by }) => by === 'avahi');
  assert.deepEqual([...new Set(announcer.events.map(({ by }) => by))], ['avahi'], 'nobody stood in');
  await near.untilServices('the near side', areSeen(isIn(7)));

  await end(second, 'SIGKILL');
  const away = await announcer.says('the own responder', ({ by }) => by === 'own-responder');
  assert.equal(away.because, 'avahi-daemon does not run');
  const byItself = (services: readonly BrowsedService[]) =>
    services.some((service) => service.host === 'lab-7-012345.local');
  const itself = await askAvahi(near.machine, 'the own responder', byItself);
  await askAvahi(far.machine, 'the own responder', byItself);
  const own = itself.find((service) => service.host === 'lab-7-012345.local');
  assert.ok(own !== undefined && ['10.231.7.1', 'fd31:7::1'].includes(own.address));
  assert.deepEqual(own.text, textLines);

  await host.startAvahi();
  await announcer.says('the return', ({ by }) => by === 'avahi');
  const isBack = (services: readonly BrowsedService[]) =>
    services.length === 2 && services.every((service) => service.host === 'machine-h.local');
  await askAvahi(near.machine, 'avahi-daemon alone', isBack);
  await askAvahi(far.machine, 'avahi-daemon alone', isBack);
  assert.deepEqual([...new Set(announcer.events.map(({ name }) => name))], ['lab-7'], 'never two at once');
  assert.ok([...near.lines, ...far.lines].every((line) => line.split(';')[3] === 'lab-7'));
});

test('a message bus that ends and comes again is found again', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near } = lab;
  const announcer = announce(host, everywhere);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  await end(lab.bus);
  await end(lab.hostAvahi, 'SIGTERM');
  const alone = await announcer.says('the own responder', ({ by }) => by === 'own-responder');
  assert.match(alone.because ?? '', /message bus|ECONNREFUSED/);
  await host.startBus();
  await host.startAvahi();
  await announcer.says('avahi-daemon', ({ by }) => by === 'avahi');
  await askAvahi(near.machine, 'avahi-daemon alone', areSeen(isIn(7)));
  assert.ok(near.lines.every((line) => line.split(';')[3] === 'lab-7'));
});

const refusals: readonly [string, AvahiOptions, RegExp][] = [
  ['is not on the bus', { server: ['enable-dbus=no'] }, /^avahi-daemon runs but is not on D-Bus$/],
  [
    'does not let users publish',
    { publish: ['disable-user-service-publishing=yes'] },
    /^avahi-daemon cannot be used: .*NotPermittedError/,
  ],
];

for (const [how, options, because] of refusals)
  test(`where avahi-daemon ${how} the own responder announces, and says why`, async (t) => {
    const lab = await startBrowsedLab(t, options);
    if (lab === undefined) return;
    const announcer = announce(lab.host, everywhere);
    const event = await announcer.says('the announcement', () => true);
    assert.equal(event.by, 'own-responder');
    assert.match(event.because ?? '', because);
    await lab.near.untilServices('the near side', isFrom(7));
    await lab.far.untilServices('the far side', isFrom(9));
    assert.equal(await announcer.end(), 0);
    await lab.near.untilServices('the goodbye', nothing);
  });

test('an avahi-daemon that does not answer is left alone, and used when it answers again', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  lab.hostAvahi.kill('SIGSTOP');
  const announcer = announce(lab.host, everywhere);
  const event = await announcer.says('the announcement', () => true);
  assert.equal(event.by, 'own-responder');
  assert.match(event.because ?? '', /no answer within 10 s/);
  lab.hostAvahi.kill('SIGCONT');
  await announcer.says('avahi-daemon', ({ by }) => by === 'avahi');
  await lab.near.untilServices('avahi-daemon alone', areSeen(isIn(7)));
});

test('an avahi-daemon that hangs after it has announced is stood in for until it answers again', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const announcer = announceChecking(lab.host, everywhere);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  await lab.near.untilServices('the near side', areSeen(isIn(7)));
  lab.hostAvahi.kill('SIGSTOP');
  const event = await announcer.says('who stands in', ({ by }) => by === 'own-responder');
  assert.match(event.because ?? '', /^avahi-daemon cannot be used: .*no answer within 10 s/);
  await askAvahi(lab.near.machine, 'the own responder', (services) =>
    services.some((service) => service.host === 'lab-7-012345.local'),
  );
  lab.hostAvahi.kill('SIGCONT');
  await announcer.says('the return', ({ by }) => by === 'avahi');
  await askAvahi(
    lab.near.machine,
    'avahi-daemon alone',
    (services) => services.length === 2 && services.every((service) => service.host === 'machine-h.local'),
  );
});

test('where avahi-daemon announces no addresses of the machine (publish-addresses=no) the daemon has a name of its own there', async (t) => {
  const lab = await startBrowsedLab(t, { publish: ['publish-addresses=no'] });
  if (lab === undefined) return;
  const { host, near, far } = lab;
  const announcer = announce(host, everywhere);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  const services = await near.untilServices('the near side', isFrom(7));
  assert.ok(services.every((service) => service.host === 'lab-7-012345.local'));
  await far.untilServices('the far side', isFrom(9));
  assert.equal(await announcer.end(), 0);
  await near.untilServices('the goodbye', nothing);
});

test('what a stranger on the bus says of the announcement changes nothing', async (t) => {
  const lab = await startBrowsedLab(t);
  if (lab === undefined) return;
  const { host, near } = lab;
  const announcer = announce(host, everywhere);
  await announcer.says('the announcement', ({ by }) => by === 'avahi');
  const bus = ['--system', '--print-reply=literal', '--dest=org.freedesktop.DBus', '/'];
  const names = await host.run('dbus-send', [...bus, 'org.freedesktop.DBus.ListNames']);
  const sendTo = async (name: string, group: string) => {
    const words = ['--system', '--type=signal', `--dest=${name}`];
    await host.run('dbus-send', [
      ...words,
      group,
      'org.freedesktop.Avahi.EntryGroup.StateChanged',
      ...['int32:3', 'string:org.freedesktop.Avahi.CollisionError'],
    ]);
    await host.run('dbus-send', [
      ...words,
      '/org/freedesktop/DBus',
      'org.freedesktop.DBus.NameOwnerChanged',
      ...['string:org.freedesktop.Avahi', 'string:', 'string:'],
    ]);
  };
  for (const name of names.match(/:1\.\d+/g) ?? [])
    for (const client of [0, 1, 2, 3]) await sendTo(name, `/Client${client}/EntryGroup1`);
  // An order that changes nothing is answered after all that came before it.
  announcer.tell(everywhere);
  await announcer.says('the answer', () => true);
  assert.deepEqual(announcer.events, [
    { event: 'announced', name: 'lab-7', by: 'avahi' },
    { event: 'announced', name: 'lab-7', by: 'avahi' },
  ]);
  await until(() => (near.services().length === 2 ? true : undefined), withDeadline(30_000, 'the near side'));
  assert.deepEqual(
    near.lines.filter((line) => line.startsWith('-')),
    [],
  );
});
