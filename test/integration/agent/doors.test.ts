import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { agentPaths, headers, parseHello, type DoorRequest } from '../../../src/protocol/agent';
import { parseAgentAddress, type AgentAddress } from '../../../src/protocol/command-line';
import { jupyterPaths } from '../../../src/protocol/jupyter';
import { daemonBundle } from '../../support/daemon-bundle';
import { createTestHome } from '../../support/test-home';
import { askSocket, startAgent } from './support/agent-under-test';
import { execute, jupyterManagers, jupyterSettings } from './support/jupyter-client';

function newDoor(folder: string, port = 7443): DoorRequest {
  return {
    folder,
    doorKey: randomBytes(32).toString('base64url'),
    frontDoor: { daemonId: 'd'.repeat(32), pin: 'p', port },
  };
}

/** Runs `agent --door`, as a supervisor does. */
function openDoor(
  environment: Record<string, string>,
  door: DoorRequest,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [daemonBundle(), 'agent', '--json', '--door', door.folder], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    const input = child.stdio[3];
    if (input !== null && input !== undefined && 'end' in input) input.end(`${JSON.stringify(door)}\n`);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

/** Asks for a WebSocket and gives the first line of the answer. */
function upgrade(socket: string, path: string, more: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = Object.entries({
      host: 'lab-7:7443',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...more,
    }).map(([name, value]) => `${name}: ${value}`);
    const connection = createConnection(socket, () => {
      connection.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    });
    connection.once('data', (data: Buffer) => {
      connection.destroy();
      resolve(data.toString('latin1').split('\r\n')[0] ?? '');
    });
    connection.once('error', reject);
  });
}

test('a door opens only with its key: every request and every WebSocket without it is refused', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const kernel = await agent.startKernel({});
  const folder = join(agent.home, 'door');
  await mkdir(folder, { mode: 0o710 });
  const door = newDoor(folder);
  const opened = await openDoor(agent.environment, door);
  assert.equal(opened.code, 0, opened.stderr);
  const address = expectParsed(parseJson(opened.stdout, parseAgentAddress));
  assert.equal(address.socket, join(folder, 'agent.sock'));
  assert.equal(address.pid, agent.address.pid);
  assert.equal(((await stat(address.socket)).mode & 0o777).toString(8), '660');

  const channels = `/api/kernels/${kernel.id}/channels`;
  const paths = [
    agentPaths.hello,
    agentPaths.kernels,
    agentPaths.preferences,
    jupyterPaths.api,
    jupyterPaths.kernels,
    '/nothing',
  ];
  const keys = [
    undefined,
    '',
    'x',
    door.doorKey.slice(1),
    `${door.doorKey}a`,
    randomBytes(32).toString('base64url'),
  ];
  let refused = 0;
  for (const key of keys) {
    const given = key === undefined ? {} : { [headers.doorKey]: key };
    for (const path of paths) {
      const answer = await askSocket(address.socket, 'GET', path, undefined, given);
      assert.equal(answer.status, 403);
      assert.equal((answer.json as { code: string }).code, 'door-key-required');
      refused += 1;
    }
    assert.match(await upgrade(address.socket, channels, given), /^HTTP\/1\.1 403 /);
    refused += 1;
  }
  assert.equal(refused, keys.length * (paths.length + 1));

  const right = { [headers.doorKey]: door.doorKey };
  const hello = expectParsed(
    parseHello((await askSocket(address.socket, 'GET', agentPaths.hello, undefined, right)).json),
  );
  assert.deepEqual(hello.frontDoor, door.frontDoor);
  const { kernels } = jupyterManagers(t, jupyterSettings(t, address.socket, right));
  const connection = kernels.connectTo({ model: { id: kernel.id, name: kernel.kernelspecName } });
  t.after(() => connection.dispose());
  const { text } = await execute(connection, 'import os; print("DOOR" in str(os.environ), flush=True)');
  assert.equal(text, 'False\n');
});

test('opening the same door again gives it a fresh key, and the old one is refused', async (t) => {
  const agent = await startAgent(t);
  const folder = join(agent.home, 'door');
  await mkdir(folder, { mode: 0o710 });
  const first = newDoor(folder);
  const second = newDoor(folder, 7444);
  assert.equal((await openDoor(agent.environment, first)).code, 0);
  assert.equal((await openDoor(agent.environment, second)).code, 0);
  const ask = (door: DoorRequest) =>
    askSocket(join(folder, 'agent.sock'), 'GET', agentPaths.hello, undefined, {
      [headers.doorKey]: door.doorKey,
    });
  assert.equal((await ask(first)).status, 403);
  assert.equal((await ask(second)).status, 200);
  const hello = expectParsed(parseHello((await agent.ask('GET', agentPaths.hello)).json));
  assert.equal(hello.frontDoor?.port, 7444);
});

test('the door command starts the agent when none runs', async (t) => {
  const { home, environment } = await createTestHome(t);
  const folder = join(home, 'door');
  await mkdir(folder, { mode: 0o710 });
  const opened = await openDoor(environment, newDoor(folder));
  assert.equal(opened.code, 0, opened.stderr);
  const address: AgentAddress = expectParsed(parseJson(opened.stdout, parseAgentAddress));
  assert.equal(address.started, true);
});

test('a folder that is a link, everybody can change, or is not there gets no door', async (t) => {
  const agent = await startAgent(t);
  const real = join(agent.home, 'real');
  await mkdir(real, { mode: 0o700 });
  const link = join(agent.home, 'link');
  await symlink(real, link);
  const open = join(agent.home, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  for (const folder of [link, open, join(agent.home, 'absent')]) {
    const { code, stderr } = await openDoor(agent.environment, newDoor(folder));
    assert.equal(code, 69, folder);
    assert.ok(stderr.includes(folder), stderr);
  }
  assert.deepEqual([...(await readdir(real)), ...(await readdir(open))], []);
});

test('who comes by a door can open no other door', async (t) => {
  const agent = await startAgent(t);
  const folder = join(agent.home, 'door');
  await mkdir(folder, { mode: 0o710 });
  const door = newDoor(folder);
  await openDoor(agent.environment, door);
  const answer = await askSocket(join(folder, 'agent.sock'), 'POST', agentPaths.doors, newDoor(folder), {
    [headers.doorKey]: door.doorKey,
  });
  assert.equal(answer.status, 404);
});

test('a WebSocket or request of a foreign origin is refused, of none or of the same host it is not', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const kernel = await agent.startKernel({});
  const path = `/api/kernels/${kernel.id}/channels`;
  const first = (more: Record<string, string>) => upgrade(agent.address.socket, path, more);
  for (const origin of [
    'https://evil.example',
    'http://lab-7:7444',
    'http://lab-7',
    'null',
    'file://',
    'vscode-webview://x',
  ]) {
    assert.match(await first({ origin }), /^HTTP\/1\.1 403 /, origin);
    const answer = await agent.ask('POST', `${jupyterPaths.kernels}/${kernel.id}/interrupt`, {}, { origin });
    assert.equal(answer.status, 403, origin);
  }
  assert.match(await first({}), /^HTTP\/1\.1 101 /);
  assert.match(await first({ origin: 'https://lab-7:7443' }), /^HTTP\/1\.1 101 /);
  assert.match(await first({ host: 'lab-7:443', origin: 'https://lab-7' }), /^HTTP\/1\.1 101 /);
});

test('a WebSocket for a kernel that is not there, or for another address, is refused as a request', async (t) => {
  const agent = await startAgent(t);
  const unknown = '/api/kernels/00000000-0000-4000-8000-000000000000/channels';
  assert.match(await upgrade(agent.address.socket, unknown, {}), /^HTTP\/1\.1 404 /);
  assert.match(await upgrade(agent.address.socket, '/api/events/subscribe', {}), /^HTTP\/1\.1 404 /);
});
