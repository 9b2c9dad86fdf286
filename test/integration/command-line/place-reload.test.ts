import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths, parseHello } from '../../../src/protocol/agent';
import { exitCodes } from '../../../src/protocol/command-line';
import { parseDaemonStatus, type DaemonStatus } from '../../../src/protocol/daemon-control';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import { parseKernelModel } from '../../../src/protocol/jupyter';
import { freePort, twoFreePorts } from '../../support/free-ports';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { ask, bearer, rawConnection } from '../front-door/front-door-under-test';
import { openStream } from '../many-users/open-stream';
import { giveEnvironment } from '../many-users/system-daemon';
import {
  configure,
  signInAsAda,
  startConfiguredDaemon,
  workAsAda,
  type ConfiguredDaemon,
} from './configured-daemon';
import { openKernelStream } from './kernel-stream';

const longMs = 60_000;

/** Another program, which holds a port of loopback until it is closed. */
async function otherProgram(t: TestContext) {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  const { port } = bound;
  const end = async () => {
    server.close();
    await once(server, 'close');
  };
  return { port, end };
}

/** Asks the daemon to read its file, and resolves when it has said one more of these. */
async function reload(daemon: ConfiguredDaemon, event: ConfiguredDaemon['events'][number]['event']) {
  const count = () => daemon.events.filter((one) => one.event === event).length;
  const before = count();
  daemon.child.kill('SIGHUP');
  await until(
    () => (count() > before ? true : undefined),
    withDeadline(longMs, `"${event}" of the daemon`),
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${daemon.words()}`);
  });
}

async function statusOf(system: PrivateSystem): Promise<DaemonStatus> {
  const text = await system.expect(system.nodePath, [system.programFile, 'status', '--json']);
  return expectParsed(parseJson(text, parseDaemonStatus));
}

const answersAt = async (port: number) =>
  (await ask(port, { path: frontDoorPaths.wellKnown, signal: withDeadline(longMs, 'an answer') })).status;

test('another port is listened on without the end of a connection, and everybody is told of it', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await giveEnvironment(system, 'ada');
  const [first, second] = await twoFreePorts();
  await configure(system, { port: first });
  const daemon = await startConfiguredDaemon(system);
  const { token, headers, kernelId } = await workAsAda(first);
  const stream = await openKernelStream(t, { port: first, token, kernelId });
  await stream.further(5);
  const { frontDoorPid } = await statusOf(system);

  await configure(system, { port: second });
  await reload(daemon, 'listening');
  assert.equal(daemon.ports().at(-1), second);
  await until(
    () =>
      rawConnection(first).then(
        (socket) => void socket.destroy(),
        () => true,
      ),
    withDeadline(longMs, 'the end of the port before'),
  );
  const { status, text } = await ask(second, { path: `/api/kernels/${kernelId}`, headers });
  assert.equal(status, 200, text);
  assert.equal(expectParsed(parseJson(text, parseKernelModel)).execution_state, 'busy');
  await stream.further(20);
  assert.deepEqual(
    stream.numbers(),
    stream.numbers().map((_, index) => index),
  );
  const told = async () => {
    const answer = await ask(second, { path: agentPaths.hello, headers });
    return expectParsed(parseJson(answer.text, parseHello)).frontDoor?.port === second ? true : undefined;
  };
  await until(told, withDeadline(longMs, 'the other port in what the agent says'));
  const after = await statusOf(system);
  assert.deepEqual(after.addresses, [`127.0.0.1:${second}`]);
  assert.equal(after.frontDoorPid, frontDoorPid);
  assert.equal(after.placeProblem, undefined);
  assert.equal(stream.closedWith(), undefined);
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('a port that another program holds leaves the front door where it is, also one that is started again, until it is free or the file is corrected', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const first = await freePort();
  await configure(system, { port: first });
  const daemon = await startConfiguredDaemon(system);
  const token = await signInAsAda(first);
  const stream = await openStream(first, token);
  t.after(() => stream.destroy());
  const other = await otherProgram(t);

  await configure(system, { port: other.port });
  await reload(daemon, 'place-refused');
  const problem = new RegExp(
    `port ${other.port} on 127\\.0\\.0\\.1 is in use by another program; the front door stays where it was, at port ${first} on 127\\.0\\.0\\.1\\. Correct the configuration or end that program, then reload again`,
  );
  await until(() => (problem.test(daemon.words()) ? true : undefined), withDeadline(longMs, 'the log'));
  const kept = await statusOf(system);
  assert.match(kept.placeProblem ?? '', problem);
  assert.deepEqual(kept.addresses, [`127.0.0.1:${first}`]);
  const words = await system.expect(system.nodePath, [system.programFile, 'status']);
  assert.match(words, problem);
  assert.equal((await ask(first, { path: agentPaths.hello, headers: bearer(token) })).status, 200);
  assert.equal(stream.destroyed, false);

  assert.ok(kept.frontDoorPid !== undefined);
  const refusals = () => daemon.events.filter(({ event }) => event === 'place-refused').length;
  const before = refusals();
  await system.expect('kill', ['-9', String(kept.frontDoorPid)]);
  await until(
    () => (refusals() > before ? true : undefined),
    withDeadline(longMs, 'the front door after it was killed'),
  );
  assert.equal(await answersAt(first), 200);
  const again = await statusOf(system);
  assert.notEqual(again.frontDoorPid, kept.frontDoorPid);
  assert.match(again.placeProblem ?? '', problem);

  await configure(system, { port: first });
  await reload(daemon, 'listening');
  assert.equal((await statusOf(system)).placeProblem, undefined);
  await configure(system, { port: other.port });
  await reload(daemon, 'place-refused');
  await other.end();
  await reload(daemon, 'listening');
  assert.equal(daemon.ports().at(-1), other.port);
  assert.equal(await answersAt(other.port), 200);
  assert.equal((await statusOf(system)).placeProblem, undefined);
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('all addresses are narrowed to one and widened again without the end of a connection', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await configure(system, { port: 0, listen: ['all'] });
  const daemon = await startConfiguredDaemon(system);
  const [port = 0] = daemon.ports();
  const stream = await openStream(port, await signInAsAda(port), '127.0.0.2');
  t.after(() => stream.destroy());
  const isOpenAt = (host: string) =>
    rawConnection(port, { host }).then(
      (socket) => {
        socket.destroy();
        return true;
      },
      () => false,
    );

  await configure(system, { port: 0, listen: ['127.0.0.1'] });
  await reload(daemon, 'listening');
  assert.deepEqual((await statusOf(system)).addresses, [`127.0.0.1:${port}`]);
  assert.deepEqual([await isOpenAt('127.0.0.1'), await isOpenAt('127.0.0.2')], [true, false]);
  assert.equal(stream.destroyed, false);

  // 192.0.2.0/24 is for documentation: no machine has an address of it (RFC 5737).
  await configure(system, { port: 0, listen: ['192.0.2.1'] });
  await reload(daemon, 'place-refused');
  assert.match((await statusOf(system)).placeProblem ?? '', /192\.0\.2\.1.*Correct the configuration/);
  assert.equal(await isOpenAt('127.0.0.1'), true);

  await configure(system, { port: 0, listen: ['all'] });
  await reload(daemon, 'listening');
  assert.deepEqual([await isOpenAt('127.0.0.1'), await isOpenAt('127.0.0.2')], [true, true]);
  assert.equal(stream.destroyed, false);
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('the announcement is switched on and off without the end of a connection', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await configure(system, { port: 0 });
  const daemon = await startConfiguredDaemon(system);
  const [port = 0] = daemon.ports();
  const stream = await openStream(port, await signInAsAda(port));
  t.after(() => stream.destroy());
  const { frontDoorPid } = await statusOf(system);
  const announcers = async () =>
    (await system.processes()).filter(({ command }) => command.endsWith('daemon.js announce')).length;
  for (let round = 0; round < 2; round += 1) {
    await configure(system, { port: 0, announce: true });
    await reload(daemon, 'announcing');
    assert.deepEqual((await statusOf(system)).announcedBy, {
      by: 'own-responder',
      because: 'nothing is to leave this machine',
    });
    assert.equal(await announcers(), 1);
    await configure(system, { port: 0 });
    await reload(daemon, 'announcement-ended');
    assert.equal((await statusOf(system)).announcedAs, undefined);
    assert.equal(await announcers(), 0);
  }
  assert.equal((await statusOf(system)).frontDoorPid, frontDoorPid);
  assert.equal(stream.destroyed, false);
  assert.deepEqual(daemon.ports(), [port]);
  assert.equal(await daemon.end(), exitCodes.ok);
});
