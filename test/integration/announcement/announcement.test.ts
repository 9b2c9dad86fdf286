import assert from 'node:assert/strict';
import Bonjour, { type Service } from 'bonjour-service';
import test, { type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { processesWith } from '../../../src/development/processes';
import { announcement, parseAnnouncement } from '../../../src/protocol/announcement';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import { expectParsed } from '../../../src/base/parse';
import { parsePin, pinHint } from '../../../src/protocol/pin';
import { createTestHome, type TestHome } from '../../support/test-home';
import { startDaemon } from '../command-line/daemon-under-test';
import { ask } from '../front-door/front-door-under-test';

/** Browses on loopback only, as `testing.md` says: nothing leaves the machine. Other tests announce there too, hence the id. */
function browse(t: TestContext) {
  const bonjour = new Bonjour({ interface: '127.0.0.1', bind: '0.0.0.0' } as object);
  const browser = bonjour.find({ type: announcement.type });
  t.after(() => {
    browser.stop();
    bonjour.destroy();
  });
  const present = new Map<string, Service>();
  const idOf = (service: Service) => {
    const text = parseAnnouncement(service.txt);
    return text.ok ? text.value.id : undefined;
  };
  const add = (service: Service) => present.set(idOf(service) ?? service.fqdn, service);
  browser.on('up', add);
  browser.on('down', (service: Service) => {
    for (const [id, known] of present) if (known.fqdn === service.fqdn) present.delete(id);
  });
  const asking = setInterval(() => browser.update(), 500);
  t.after(() => clearInterval(asking));
  return {
    appears: (daemonId: string) =>
      until(() => present.get(daemonId), withDeadline(20_000, 'the announcement to appear')),
    goes: (daemonId: string) =>
      until(() => (present.has(daemonId) ? undefined : true), withDeadline(20_000, 'the announcement to go')),
  };
}

async function announcerOf({ home }: TestHome): Promise<number | undefined> {
  const found = await processesWith((entry) => entry === `HOME=${home}`);
  return found.find(({ command }) => command.endsWith('announce'))?.pid;
}

test('a daemon on loopback is found on loopback, with its addresses, port and TXT, and says goodbye', async (t) => {
  const browser = browse(t);
  const daemon = await startDaemon(t, await createTestHome(t), ['--name', 'lab 7 – Größe']);
  const { daemonId, pin } = daemon.listening;
  const service = await browser.appears(daemonId);
  assert.equal(service.port, daemon.port);
  assert.equal(service.name, 'lab 7 – Größe');
  assert.match(service.host, /^lab-7-gro-e-[0-9a-f]{6}\.local$/);
  const families = daemon.listening.addresses.map((address) =>
    address.startsWith('[') ? '::1' : '127.0.0.1',
  );
  assert.deepEqual([...(service.addresses ?? [])].sort(), families.sort());
  const text = expectParsed(parseAnnouncement(service.txt));
  assert.deepEqual(text, {
    id: daemonId,
    v: '1.0',
    fp: pinHint(expectParsed(parsePin(pin))),
    name: 'lab 7 – Größe',
  });
  assert.deepEqual(
    Object.keys(service.txt as object).sort(),
    ['fp', 'id', 'name', 'txtvers', 'v'],
    'nothing else is told to the network',
  );
  const { interfaces } = await daemon.waitFor('announcing');
  assert.deepEqual(interfaces, ['lo']);
  assert.equal((await daemon.end()).exitCode, 0);
  await browser.goes(daemonId);
});

test('two daemons of one name are both found, each by its own id', async (t) => {
  const browser = browse(t);
  const [one, other] = [
    await startDaemon(t, await createTestHome(t), ['--name', 'twin']),
    await startDaemon(t, await createTestHome(t), ['--name', 'twin']),
  ];
  const services = [
    await browser.appears(one.listening.daemonId),
    await browser.appears(other.listening.daemonId),
  ];
  assert.deepEqual(
    services.map(({ port }) => port),
    [one.port, other.port],
  );
  assert.notEqual(services[0]?.host, services[1]?.host);
  for (const { txt } of services) assert.equal(expectParsed(parseAnnouncement(txt)).name, 'twin');
});

test('an announcer that is killed does not stop the daemon and comes back', async (t) => {
  const browser = browse(t);
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home, ['--name', 'restless']);
  await daemon.waitFor('announcing');
  const first = (await announcerOf(home)) ?? 0;
  process.kill(first, 'SIGKILL');
  await daemon.waitFor('announcement-failed');
  assert.equal((await ask(daemon.port, { path: frontDoorPaths.wellKnown })).status, 200);
  await daemon.waitFor('announcing', 1);
  assert.notEqual(await announcerOf(home), first);
  await browser.appears(daemon.listening.daemonId);
  assert.match(daemon.words(), /not announced: the announcer ended \(SIGKILL\)/);
});

test('an announcer whose daemon was killed says goodbye and ends', async (t) => {
  const browser = browse(t);
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home, ['--name', 'orphan']);
  await browser.appears(daemon.listening.daemonId);
  await daemon.end('SIGKILL');
  await browser.goes(daemon.listening.daemonId);
  await until(
    async () => ((await announcerOf(home)) === undefined ? true : undefined),
    withDeadline(10_000, 'the announcer to end'),
  );
});

test('with --no-announce no announcer runs', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home);
  await ask(daemon.port, { path: frontDoorPaths.wellKnown });
  assert.equal(await announcerOf(home), undefined);
});
