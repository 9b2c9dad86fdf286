import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { toError } from '../../../src/base/errors';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths, parseHello } from '../../../src/protocol/agent';
import { parseAgentAddress, type AgentAddress } from '../../../src/protocol/command-line';
import { protocolVersion } from '../../../src/protocol/version';
import { daemonBundle } from '../../support/daemon-bundle';
import { createTestHome } from '../../support/test-home';
import { processesWith } from '../../../src/development/processes';
import {
  askSocket,
  ended,
  findAgentAddress,
  isAlive,
  runAgentCommand,
  startAgent,
} from './support/agent-under-test';

/** The agents of a home, whatever their state. */
async function agentsOf(home: string): Promise<number[]> {
  const found = await processesWith((entry) => entry === `HOME=${home}`);
  return found.filter(({ command }) => command.endsWith('agent --server')).map(({ pid }) => pid);
}

test('twenty starts at once end with one agent, and all of them name it', async (t) => {
  const { home, environment } = await createTestHome(t);
  const addresses = await Promise.all(Array.from({ length: 20 }, () => findAgentAddress(environment)));
  assert.equal(new Set(addresses.map((address) => address.pid)).size, 1);
  assert.equal(new Set(addresses.map((address) => address.startId)).size, 1);
  assert.equal(addresses.filter((address) => address.started).length, 1);
  const agents = await until(
    async () => {
      const found = await agentsOf(home);
      return found.length === 1 ? found : undefined;
    },
    withDeadline(30_000, 'the agents that gave way'),
  );
  assert.deepEqual(agents, [addresses[0]?.pid]);
});

test('twenty starts at once after the agent was killed end with one agent', async (t) => {
  const agent = await startAgent(t);
  process.kill(agent.address.pid, 'SIGKILL');
  await ended(agent.address.pid);
  const addresses = await Promise.all(Array.from({ length: 20 }, () => findAgentAddress(agent.environment)));
  assert.equal(new Set(addresses.map((address) => address.pid)).size, 1);
  assert.notEqual(addresses[0]?.pid, agent.address.pid);
  const folder = dirname(addresses[0]?.socket ?? '');
  await until(
    async () => ((await agentsOf(agent.home)).length === 1 ? true : undefined),
    withDeadline(30_000, 'one agent'),
  );
  // Nothing of the takeover is left beside the lock and the socket.
  assert.deepEqual((await readdir(folder)).sort(), ['agent.lock', 'agent.sock']);
  assert.match(await readlink(join(folder, 'agent.lock')), new RegExp(`^${String(addresses[0]?.pid)}\\|`));
});

test('the agent says hello with what a client needs, and the same id after a restart', async (t) => {
  const agent = await startAgent(t);
  const first = parseHello((await agent.ask('GET', agentPaths.hello)).json);
  assert.ok(first.ok);
  assert.equal(first.value.protocol, protocolVersion);
  assert.equal(first.value.homeFolder, agent.home);
  assert.equal(first.value.startId, agent.address.startId);
  process.kill(agent.address.pid, 'SIGTERM');
  await ended(agent.address.pid);
  const second = await agent.restart();
  assert.equal(second.started, true);
  assert.equal(second.agentId, first.value.agentId);
  assert.notEqual(second.startId, first.value.startId);
});

test('sockets, log and folders can be used by nobody else', async (t) => {
  const agent = await startAgent(t);
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  const state = await agent.stateFolder();
  assert.equal(await mode(agent.address.socket), '600');
  assert.equal(await mode(dirname(agent.address.socket)), '700');
  assert.equal(await mode(dirname(dirname(agent.address.socket))), '700');
  assert.equal(await mode(state), '700');
  assert.equal(await mode(join(state, 'agent.log')), '600');
  const stored = await agent.ask('PUT', agentPaths.preferences, { searchFolders: ['~/work'] });
  assert.equal(stored.status, 200);
  assert.equal(await mode(join(state, 'preferences.json')), '600');
});

test('the agent keeps nothing of its caller: session, folder, descriptors, variables', async (t) => {
  const agent = await startAgent(t, {
    variables: { JPY_PARENT_PID: '1', VIRTUAL_ENV: '/nowhere', NODE_OPTIONS: '' },
  });
  const { pid } = agent.address;
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  // Fields 4 and 5 of the part after the name: process group and session (proc(5)).
  assert.equal(Number(fields[2]), pid);
  assert.equal(Number(fields[3]), pid);
  assert.equal(await readlink(`/proc/${pid}/cwd`), agent.home);
  const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
  assert.ok(!variables.some((entry) => /^(?:JPY_|VIRTUAL_ENV|NODE_OPTIONS)/.test(entry)));
});

test('the agent keeps no descriptor of its caller open, whatever its number', async (t) => {
  const { home, environment } = await createTestHome(t);
  const file = join(home, 'opened-by-the-caller');
  const { pid } = await new Promise<AgentAddress>((resolve, reject) => {
    // Number 7 is among those that Node itself would close, 200 is not.
    const command = `exec 7<>"${file}" 200<>"${file}"; exec "${process.execPath}" "${daemonBundle()}" agent --json`;
    execFile('/bin/bash', ['-c', command], { env: environment }, (error, stdout) => {
      if (error !== null) reject(toError(error));
      else resolve(expectParsed(parseJson(stdout, parseAgentAddress)));
    });
  });
  const names = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  assert.ok(targets.some((target) => target.endsWith('agent.log')));
  assert.deepEqual(
    targets.filter((target) => target === file),
    [],
  );
});

test('the agent ends after its grace time, but not while somebody is connected', async (t) => {
  const agent = await startAgent(t, { configuration: { agentGraceSeconds: 5 } });
  const { pid, socket } = agent.address;
  const connection = connect(socket);
  t.after(() => connection.destroy());
  const graceMs = 5000;
  const started = Date.now();
  await until(
    () => (Date.now() - started > 1.5 * graceMs ? true : undefined),
    withDeadline(60_000, 'the grace time'),
  );
  assert.equal(await isAlive(pid), true);
  connection.destroy();
  await ended(pid);
  assert.ok(Date.now() - started > 2 * graceMs);
  assert.deepEqual(await readdir(dirname(socket)), []);
});

test('SIGTERM ends the agent cleanly, also while clients are connected: no socket and no lock are left', async (t) => {
  const agent = await startAgent(t);
  const connection = connect(agent.address.socket);
  connection.on('error', () => undefined);
  t.after(() => connection.destroy());
  await until(
    () => (connection.readyState === 'open' ? true : undefined),
    withDeadline(30_000, 'a connection'),
  );
  process.kill(agent.address.pid, 'SIGTERM');
  await ended(agent.address.pid);
  assert.deepEqual(await readdir(dirname(agent.address.socket)), []);
});

test('an agent whose lock and socket were taken away leaves its successor reachable when it ends', async (t) => {
  const agent = await startAgent(t);
  const first = agent.address;
  await rm(dirname(first.socket), { recursive: true });
  const second = await agent.restart();
  assert.equal(second.started, true);
  assert.equal(second.socket, first.socket);
  process.kill(first.pid, 'SIGTERM');
  await ended(first.pid);
  assert.equal((await agent.ask('GET', agentPaths.hello)).status, 200);
  assert.equal((await agent.restart()).pid, second.pid);
});

test('a mistyped limit in the configuration is refused with the file and the key', async (t) => {
  const agent = await startAgent(t);
  process.kill(agent.address.pid, 'SIGTERM');
  await ended(agent.address.pid);
  await writeFile(agent.configurationFile, '{ "maxKernel": 3 }');
  const { code, stderr } = await runAgentCommand(agent.environment);
  assert.equal(code, 78);
  assert.match(stderr, /agent\.json/);
  assert.match(stderr, /maxKernel/);
});

test('an agent of another protocol is named instead of being used', async (t) => {
  const agent = await startAgent(t);
  process.kill(agent.address.pid, 'SIGTERM');
  await ended(agent.address.pid);
  const hello = {
    ...agent.address,
    user: 'x',
    hostname: 'x',
    platform: 'x',
    homeFolder: '/',
    version: '9.9',
  };
  const server = createServer((_request, response) =>
    response.end(JSON.stringify({ ...hello, protocol: '2.0' })),
  );
  await new Promise<void>((resolve) => server.listen(agent.address.socket, resolve));
  t.after(() => server.close());
  const { code, stderr } = await runAgentCommand(agent.environment);
  assert.equal(code, 69);
  assert.match(stderr, /this program is older than the agent that runs here \(9\.9\)/);
});

test('requests that are too large, garbled or for nothing are answered as errors, and the agent goes on', async (t) => {
  const agent = await startAgent(t);
  const { socket } = agent.address;
  const large = await askSocket(socket, 'PUT', agentPaths.preferences, {
    searchFolders: ['x'.repeat(2_000_000)],
  }).catch(() => undefined);
  if (large !== undefined) assert.equal(large.status, 413);
  assert.equal((await agent.ask('PUT', agentPaths.preferences, '{"searchFolders":')).status, 400);
  assert.equal((await agent.ask('GET', '/remote-kernels/v1/nothing')).status, 404);
  assert.equal((await agent.ask('DELETE', agentPaths.hello)).status, 405);
  assert.equal((await agent.ask('GET', '/remote-kernels/v1/kernels/%zz')).status, 400);
  assert.equal(
    (await agent.ask('GET', agentPaths.hello, undefined, { 'x-big': 'y'.repeat(40_000) })).status,
    431,
  );
  assert.equal((await agent.ask('GET', agentPaths.hello)).status, 200);
});
