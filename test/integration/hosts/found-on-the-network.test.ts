import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import type { Host, Hosts } from '../../../src/extension/hosts/host';
import { createMdnsProvider } from '../../../src/extension/hosts/providers/mdns';
import { startAnnouncedDaemon } from '../../support/announced-daemon';
import { createTestHome } from '../../support/test-home';
import { execute, findEnvironment, placeEnvironment } from './notebook-kernel';
import { createPerson, createProfile, openWindow, untilState, type Profile } from './window';

const mdns = () => createMdnsProvider({ logger: silentLogger, loopbackOnly: true });

function open(t: TestContext, profile: Profile) {
  return openWindow(t, { profile, providers: [mdns()] });
}

async function findByPort(hosts: Hosts, port: number): Promise<Host> {
  return await until(
    () =>
      hosts.all.find(
        ({ isAnnounced, endpoints }) =>
          isAnnounced && endpoints.some((endpoint) => endpoint.kind === 'tls' && endpoint.port === port),
      ),
    withDeadline(20_000, 'the announcement'),
  );
}

test('found by mDNS, paired, cut off and back with its kernel, and connected again after a reload without a question', async (t) => {
  const { home, environment } = await createTestHome(t);
  await placeEnvironment(home);
  const { daemon, cutter } = await startAnnouncedDaemon(t, `lab ${randomUUID().slice(0, 4)}`, environment);
  const profile = createProfile();
  const first = open(t, profile);
  const host = await findByPort(first.hosts, cutter.port);
  assert.deepEqual([...host.sources], ['discovered']);
  assert.equal(host.state.kind, 'disconnected');
  const signal = withDeadline(90_000, 'the test');

  const person = createPerson(['WRON-GCOD', daemon.code]);
  const outcome = await first.hosts.connect(host.id, { interaction: person, signal });
  assert.deepEqual(outcome, { kind: 'connected' }, first.log.join('\n'));
  assert.equal(person.keys.length, 1);
  assert.equal(person.keys[0]?.pin, daemon.pin);
  assert.equal(person.keys[0].origin, 'discovered');
  assert.deepEqual(
    person.prompts.map(({ kind, refused }) => [kind, refused?.attemptsLeft]),
    [
      ['code', undefined],
      ['code', 2],
    ],
  );
  assert.equal(first.hosts.get(host.id), host);
  assert.equal(host.accepted?.pin, daemon.pin);
  assert.deepEqual([...host.sources].sort(), ['discovered', 'saved']);

  const { id: environmentId } = await findEnvironment(host);
  const details = await host.agent.startKernel({ environmentId }, signal);
  const sessionId = randomUUID();
  const kernel = host.agent.openKernel(details.id, sessionId);
  t.after(() => kernel.dispose());
  let hasEnded = false;
  kernel.onDidEnd(() => {
    hasEnded = true;
  });
  assert.equal(await execute(kernel.connection, 'x = 1\nprint(x)'), '1\n');
  const { connection } = kernel;

  // The cable is pulled: everything that is open breaks, and nothing listens for a while.
  const states: string[] = [];
  first.hosts.onDidChange(() => {
    if (states.at(-1) !== host.state.kind) states.push(host.state.kind);
  });
  await cutter.set('refuse');
  const waiting = await untilState(host, 'waiting');
  assert.equal(waiting.attempt, 1);
  assert.equal(host.agent.kernels.freshness, 'stale');
  assert.equal(kernel.isOpen, false);
  assert.ok(host.agent.kernels.get(details.id));
  const queued = execute(kernel.connection, 'x += 1\nprint(x)');
  await until(() => (states.includes('reconnecting') ? true : undefined), signal);
  await untilState(host, 'waiting');
  await cutter.set('pass');
  first.hosts.wake();
  await untilState(host, 'connected');
  assert.equal(await queued, '2\n');
  assert.equal(await execute(kernel.connection, 'print(x + 1)'), '3\n');
  assert.equal(kernel.connection, connection);
  assert.deepEqual([hasEnded, person.keys.length, person.prompts.length], [false, 1, 2]);
  assert.deepEqual(states.slice(0, 2), ['waiting', 'reconnecting']);
  assert.equal(states.at(-1), 'connected');

  // The window is reloaded: the same profile, nobody to ask.
  first.close();
  const second = open(t, profile);
  const again = second.hosts.get(host.id);
  assert.ok(again);
  assert.equal(again.state.kind, 'reconnecting');
  await untilState(again, 'connected');
  const found = await again.agent.findKernel(details.id, signal);
  assert.equal(found?.id, details.id);
  const reopened = again.agent.openKernel(details.id, sessionId);
  t.after(() => reopened.dispose());
  assert.equal(await execute(reopened.connection, 'print(x)'), '2\n');
  assert.ok(![...profile.secrets.values.keys()].some((key) => key.includes('127.0.0.1')));

  // Signed out: the token is worth nothing, here and there.
  await second.hosts.signOut(host.id, { isEverywhere: true, signal });
  assert.equal(profile.secrets.values.size, 0);
  const nobody = await second.hosts.connect(host.id, { signal });
  assert.equal(nobody.kind, 'failed');
  assert.equal(again.state.kind, 'sign-in-needed');
  await second.hosts.forget(host.id);
  assert.deepEqual(profile.storage.read(), []);
  const stranger = await findByPort(second.hosts, cutter.port);
  assert.equal(stranger.accepted, undefined);
});

test('a half-open connection is noticed when the computer wakes, and mended', async (t) => {
  const { environment } = await createTestHome(t);
  const { daemon, cutter } = await startAnnouncedDaemon(t, 'lab half', environment);
  const { hosts, log } = open(t, createProfile());
  const host = await findByPort(hosts, cutter.port);
  const signal = withDeadline(60_000, 'the test');
  await hosts.connect(host.id, { interaction: createPerson([daemon.code]), signal });
  assert.equal(host.state.kind, 'connected', log.join('\n'));
  await cutter.set('pause');
  hosts.wake();
  await untilState(host, 'waiting', 20_000);
  await cutter.set('drop');
  await cutter.set('pass');
  hosts.reconnectNow(host.id);
  await untilState(host, 'connected');
});
