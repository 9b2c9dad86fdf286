import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { parseServeEvent, type ServeEvent } from '../../../src/protocol/command-line';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { processStatus } from '../many-users/system-daemon';
import { askAvahi, collect, startLab } from './network-lab';

interface AnnouncementFinding {
  readonly subject: string;
  readonly level: string;
  readonly message: string;
}

test('the daemon of many users is announced by avahi-daemon through a process without rights, under each name and port that it is given', async (t) => {
  const lab = await startLab(t);
  if (lab === undefined) return;
  const { near } = lab;
  await near.startBus();
  await near.startAvahi();
  const networkNamespace = lab.host.namespace;
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile, networkNamespace });
  if (system === undefined) return;

  const configure = (name: string, more: Readonly<Record<string, unknown>> = {}) =>
    system.write('/etc/remote-kernels/config.json', JSON.stringify({ name, port: 0, ...more }));
  await configure('lab-7');
  const findAnnouncement = async () => {
    const { stdout } = await system.run(system.nodePath, [system.programFile, 'check', '--json']);
    const { findings } = JSON.parse(stdout) as { findings: readonly AnnouncementFinding[] };
    return findings.find(({ subject }) => subject === 'announcement');
  };
  const alone = await findAnnouncement();
  assert.equal(alone?.level, 'ok');
  assert.match(alone.message, /own responder announces the host on eth7, eth9; avahi-daemon does not run/);

  await system.expect('mkdir', ['-p', '/run/dbus', '/run/avahi-daemon']);
  await system.write('/etc/avahi/avahi-daemon.conf', '[server]\nhost-name=machine-s\nenable-dbus=no\n');
  const startAvahi = async (complete: RegExp) => {
    const avahi = system.spawn('avahi-daemon', ['--no-drop-root', '--no-chroot'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const words = collect(avahi);
    const signal = withDeadline(60_000, 'avahi-daemon');
    await until(() => (complete.test(words()) ? true : undefined), signal);
    return avahi;
  };
  const bus = system.spawn('dbus-daemon', ['--system', '--nofork', '--nopidfile', '--print-address=1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.ok(bus.stdout);
  await once(bus.stdout, 'data', { signal: withDeadline(60_000, 'the message bus') });
  const withoutBus = await startAvahi(/Server startup complete|New relevant interface/);
  const beside = await findAnnouncement();
  assert.equal(beside?.level, 'warning');
  assert.match(beside.message, /avahi-daemon, which runs here, cannot be reached: it is not on D-Bus/);
  const ended = once(withoutBus, 'exit', { signal: withDeadline(30_000, 'the end of avahi-daemon') });
  withoutBus.kill('SIGTERM');
  await ended;

  await system.write('/etc/avahi/avahi-daemon.conf', '[server]\nhost-name=machine-s\n');
  await startAvahi(/Server startup complete/);
  const found = await findAnnouncement();
  assert.equal(found?.level, 'ok');
  assert.match(found.message, /^avahi-daemon announces the host on every interface/);

  const words = [system.programFile, 'serve', '--json'];
  const daemon = system.spawn(system.nodePath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = collect(daemon);
  const events: ServeEvent[] = [];
  assert.ok(daemon.stdout);
  createInterface({ input: daemon.stdout }).on('line', (line) =>
    events.push(expectParsed(parseJson(line, parseServeEvent))),
  );
  const isSeen = (name: string) =>
    askAvahi(
      near,
      `"${name}" on the other machine, with what was said: ${said()}`,
      (services) =>
        services
          .map((service) => `${service.name} ${service.host} ${service.address}`)
          .sort()
          .join() === [`${name} machine-s.local 10.231.7.1`, `${name} machine-s.local fd31:7::1`].join(),
    );
  await isSeen('lab-7');
  // Others hear of it before the daemon does.
  await until(
    () => (said().includes('announced as "lab-7" by avahi-daemon') ? true : undefined),
    withDeadline(60_000, 'the word of the announcement'),
  );
  const status = () => system.expect(system.nodePath, [system.programFile, 'status']);
  await until(
    async () => (/\nAnnounced: +as "lab-7", by avahi-daemon\n/.test(await status()) ? true : undefined),
    withDeadline(60_000, 'the announcement in the status'),
  );
  const announcers = async () =>
    (await system.processes()).filter(({ command }) => command.endsWith('daemon.js announce'));
  const [announcer, ...others] = await announcers();
  assert.ok(announcer !== undefined && others.length === 0);
  const uid = (await system.expect('id', ['-u', 'remote-kernels'])).trim();
  assert.deepEqual(await processStatus(system, announcer.pid, 'Uid'), [uid, uid, uid, uid]);
  assert.deepEqual(await processStatus(system, announcer.pid, 'CapEff'), ['0000000000000000']);
  assert.deepEqual(await processStatus(system, announcer.pid, 'NoNewPrivs'), ['1']);

  await configure('lab-8');
  daemon.kill('SIGHUP');
  await isSeen('lab-8');
  const names = () => events.flatMap((event) => (event.event === 'announcing' ? [event.name] : []));
  await until(
    () => (names().join() === 'lab-7,lab-8' ? true : undefined),
    withDeadline(60_000, 'the word of the other name'),
  );
  assert.deepEqual(
    (await announcers()).map(({ pid }) => pid),
    [announcer.pid],
    'the same process',
  );

  // The network is the test's own, so nobody else has this port.
  const port = 7444;
  await configure('lab-8', { port });
  daemon.kill('SIGHUP');
  await askAvahi(
    near,
    'the other port',
    (services) => services.length === 2 && services.every((service) => service.port === port),
  );
  await configure('lab-8', { port, announce: false });
  daemon.kill('SIGHUP');
  await askAvahi(near, 'the goodbye of who is not announced any more', ({ length }) => length === 0);
  // It says goodbye before it ends.
  await until(
    async () => ((await announcers()).length === 0 ? true : undefined),
    withDeadline(60_000, 'the end of the announcer'),
  );
  await configure('lab-8', { port });
  daemon.kill('SIGHUP');
  await isSeen('lab-8');
  const [next, ...more] = await announcers();
  assert.ok(next !== undefined && more.length === 0);

  await system.expect('kill', ['-9', String(next.pid)]);
  const another = await until(
    async () => (await announcers()).find(({ pid }) => pid !== next.pid),
    withDeadline(60_000, 'another announcer'),
  );
  assert.ok(another);
  await isSeen('lab-8');

  const exited = once(daemon, 'exit', { signal: withDeadline(60_000, 'the end of the daemon') });
  daemon.kill('SIGTERM');
  await exited;
  await askAvahi(near, 'the goodbye', (services) => services.length === 0);
});
