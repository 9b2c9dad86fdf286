import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { parseJson, expectParsed } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { processesWith } from '../../../src/development/processes';
import { agentPaths, parseHello } from '../../../src/protocol/agent';
import { exitCodes, parsePairingCode } from '../../../src/protocol/command-line';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import { createTestHome, type TestHome } from '../../support/test-home';
import { ask, bearer, rawConnection } from '../front-door/front-door-under-test';
import { runCommand, signIn, startDaemon, statusOf, type DaemonUnderTest } from './daemon-under-test';

async function hello(daemon: DaemonUnderTest, token: string) {
  const answer = await ask(daemon.port, { path: agentPaths.hello, headers: bearer(token) });
  assert.equal(answer.status, 200, answer.text);
  return expectParsed(parseJson(answer.text, parseHello));
}

/** The processes of a test's home, as the first word after the bundle's path. */
async function modesIn({ home }: TestHome): Promise<string[]> {
  const found = await processesWith((entry) => entry === `HOME=${home}`);
  return found.map(({ command }) => /daemon\.js (\S+)/.exec(command)?.[1] ?? command);
}

test('a code signs in, the agent of the user answers, and says by which front door', async (t) => {
  const daemon = await startDaemon(t, await createTestHome(t));
  const token = await signIn(daemon);
  const greeting = await hello(daemon, token);
  const { daemonId, pin } = daemon.listening;
  assert.deepEqual(greeting.frontDoor, { daemonId, pin, port: daemon.port });
  const { source } = await daemon.waitFor('signed-in');
  assert.equal(source, '127.0.0.1');
});

test('it listens on loopback only, in both families where both are there', async (t) => {
  const daemon = await startDaemon(t, await createTestHome(t));
  for (const address of daemon.listening.addresses) assert.match(address, /^(127\.0\.0\.1|\[::1\]):\d+$/);
});

test('a code is on standard output only under --show-code, and never on a standard error that is no terminal', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home, ['--no-announce', '--log-level', 'debug']);
  assert.equal(daemon.listening.code, undefined);
  const { output } = await runCommand(home, ['pair', '--json']);
  const made = expectParsed(parseJson(output, parsePairingCode));
  assert.equal((await daemon.waitFor('code')).code, undefined);
  assert.deepEqual([made.url, made.pin], [daemon.listening.url, daemon.listening.pin]);
  await signIn(daemon, made.code);
  assert.ok(!daemon.words().includes(made.code));
});

test('pair voids the code before, and says the fingerprint as certificate show does', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home);
  const words = (await runCommand(home, ['pair'])).output;
  const old = JSON.stringify({ code: daemon.listening.code });
  assert.equal((await ask(daemon.port, { path: frontDoorPaths.signIn, method: 'POST' }, old)).status, 401);
  await signIn(daemon, /Pairing code: (\S+)/.exec(words)?.[1]);
  const shown = (await runCommand(home, ['certificate', 'show'])).output;
  for (const text of [words, shown])
    assert.ok(text.replace(/\s/g, '').includes(daemon.listening.pin), 'the whole fingerprint is shown');
});

test('status says what there is, with the agent and its kernels once somebody has signed in', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home, ['--no-announce', '--show-code', '--name', 'Größe 7']);
  const before = await statusOf(home);
  assert.deepEqual(
    [before.name, before.pid, before.signIns, before.agentPid, before.connections],
    ['Größe 7', daemon.child.pid, 0, undefined, 0],
  );
  const token = await signIn(daemon);
  const connection = await rawConnection(daemon.port);
  connection.write(`GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await once(connection, 'data');
  const after = await statusOf(home);
  assert.deepEqual([after.signIns, after.connections, after.signedInConnections], [1, 1, 1]);
  assert.deepEqual(after.kernels, []);
  assert.equal(typeof after.agentPid, 'number');
  if (process.platform === 'linux') {
    assert.deepEqual([after.processes?.[0]?.role, after.processes?.[0]?.pid], ['daemon', daemon.child.pid]);
    assert.ok((after.processes?.[0]?.memoryBytes ?? 0) > 5_000_000);
    assert.ok((after.memoryBytes ?? 0) > 5_000_000, 'the agent at least');
  }
  assert.equal(after.codeExpiresAt, undefined);
  assert.match((await runCommand(home, ['status'])).output, /^Name: +Größe 7\n/);
});

test('a restart keeps key, id, sign-ins and the agent; only the start id is new', async (t) => {
  const home = await createTestHome(t);
  const first = await startDaemon(t, home);
  const token = await signIn(first);
  const { startId: agentStart } = await hello(first, token);
  const { text: wellKnown } = await ask(first.port, { path: frontDoorPaths.wellKnown });
  assert.equal((await first.end()).exitCode, 0);
  const second = await startDaemon(t, home);
  assert.equal(second.listening.pin, first.listening.pin);
  assert.equal(second.listening.daemonId, first.listening.daemonId);
  const greeting = await hello(second, token);
  assert.equal(greeting.startId, agentStart);
  assert.equal(greeting.frontDoor?.port, second.port);
  const { text: wellKnownAfter } = await ask(second.port, { path: frontDoorPaths.wellKnown });
  const [before, after] = [wellKnown, wellKnownAfter].map((text) => JSON.parse(text) as { startId: string });
  assert.notEqual(before?.startId, after?.startId);
  assert.deepEqual({ ...after, startId: '' }, { ...before, startId: '' });
});

test('an agent that was killed is started again by the next request', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home);
  const token = await signIn(daemon);
  const before = await hello(daemon, token);
  process.kill((await statusOf(home)).agentPid ?? 0, 'SIGKILL');
  const after = await until(
    async () => {
      const answer = await ask(daemon.port, { path: agentPaths.hello, headers: bearer(token) });
      return answer.status === 200 ? expectParsed(parseJson(answer.text, parseHello)) : undefined;
    },
    withDeadline(60_000, 'the agent that is started again'),
    100,
  );
  assert.equal(after.agentId, before.agentId);
  assert.notEqual(after.startId, before.startId);
});

test('every file that it makes is for this user only', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home);
  await signIn(daemon);
  let files = 0;
  let folders = 0;
  const walk = async (folder: string) => {
    folders += 1;
    assert.equal((await stat(folder)).mode & 0o777, 0o700, folder);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (!entry.isSymbolicLink()) {
        files += 1;
        // A door is for the group of front doors, of which a single user's folder has none.
        const allowed = path.endsWith('/door/agent.sock') ? 0o660 : 0o600;
        assert.equal((await stat(path)).mode & 0o777, allowed, path);
      }
    }
  };
  await walk(join(home.home, '.local/state/remote-kernels'));
  await walk(join(home.home, '.remote-kernels'));
  assert.ok(files >= 6 && folders >= 5, `${files} files in ${folders} folders`);
});

test('no secret is in a log, a command line, an environment or a file', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home, ['--show-code', '--log-level', 'debug']);
  const token = await signIn(daemon);
  await hello(daemon, token);
  await ask(daemon.port, { path: `/api?token=${token}`, headers: bearer(token) });
  await ask(daemon.port, { path: `/${token}`, headers: bearer(token) });
  const second = expectParsed(
    parseJson((await runCommand(home, ['pair', '--json'])).output, parsePairingCode),
  );
  await ask(daemon.port, { path: frontDoorPaths.signIn, method: 'POST' }, `{"code":"${second.code}"x`);
  await daemon.waitFor('announcing');
  const secrets = [token, daemon.listening.code ?? '', second.code].flatMap((secret) => [
    secret,
    secret.replace('-', ''),
  ]);
  let places = 0;
  const look = (where: string, text: string) => {
    places += 1;
    for (const secret of secrets) assert.ok(!text.includes(secret), `a secret is in ${where}`);
    // A door key is 43 letters of base64url, and nothing else that is written anywhere is.
    assert.ok(!/(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/.test(text), `a key is in ${where}`);
  };
  look('the log', daemon.words());
  const processes = await processesWith((entry) => entry === `HOME=${home.home}`);
  assert.ok(processes.length >= 3, 'daemon, announcer and agent');
  for (const { pid, command } of processes) {
    look(`the command line of ${command}`, (await readFile(`/proc/${pid}/cmdline`)).toString('latin1'));
    look(`the environment of ${command}`, (await readFile(`/proc/${pid}/environ`)).toString('latin1'));
  }
  for (const file of await readdir(home.home, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !path.endsWith('.pem')) look(path, (await readFile(path)).toString('latin1'));
  }
  assert.ok(places > 8);
});

test('SIGTERM and SIGINT end it within seconds with exit code 0, and leave the agent and nothing else', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const home = await createTestHome(t);
    const daemon = await startDaemon(t, home, ['--show-code']);
    await daemon.waitFor('announcing');
    const token = await signIn(daemon);
    const connection = await rawConnection(daemon.port);
    connection.write(`GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await once(connection, 'data');
    const toldGoodbye = once(connection.resume(), 'end');
    const { exitCode, timeMs } = await daemon.end(signal);
    await toldGoodbye;
    assert.equal(exitCode, 0);
    assert.ok(timeMs < 6_000, `${timeMs} ms`);
    assert.equal(daemon.events.at(-1)?.event, 'stopping');
    assert.deepEqual(await modesIn(home), ['agent']);
    assert.equal((await runCommand(home, ['status'])).exitCode, exitCodes.unavailable);
  }
});

test('SIGHUP and a reader of its output that goes away do not end it', async (t) => {
  const daemon = await startDaemon(t, await createTestHome(t), [
    '--no-announce',
    '--show-code',
    '--log-level',
    'debug',
  ]);
  daemon.child.stdout?.destroy();
  daemon.child.stderr?.destroy();
  daemon.child.kill('SIGHUP');
  const token = await signIn(daemon);
  await hello(daemon, token);
  assert.equal((await daemon.end()).exitCode, 0);
});

test('a second start of the same user is refused, whatever its port, and names the first', async (t) => {
  const home = await createTestHome(t);
  const daemon = await startDaemon(t, home);
  const second = await runCommand(home, ['serve', '--single-user', '--port', '0', '--no-announce']);
  assert.equal(second.exitCode, exitCodes.unavailable);
  assert.match(
    second.words,
    new RegExp(`already runs .*process ${String(daemon.child.pid)}.*remote-kernels status`),
  );
  assert.equal((await statusOf(home)).pid, daemon.child.pid);
});

test('after a daemon was killed by force the next one starts', async (t) => {
  const home = await createTestHome(t);
  const first = await startDaemon(t, home);
  const token = await signIn(first);
  await first.end('SIGKILL');
  const second = await startDaemon(t, home);
  await hello(second, token);
  assert.equal((await statusOf(home)).pid, second.child.pid);
});

for (const [what, fault] of [
  ['an exception', "throw new Error('out of order')"],
  ['a rejection', "void Promise.reject(new Error('out of order'))"],
] as const) {
  test(`a fault of its own (${what}) is logged, and ends it with its own exit code and without its lock`, async (t) => {
    const home = await createTestHome(t);
    const script = join(home.home, 'fault.cjs');
    await writeFile(script, `process.on('SIGUSR2', () => { ${fault}; });`);
    const environment = { ...home.environment, NODE_OPTIONS: `--require ${script}` };
    const daemon = await startDaemon(t, { ...home, environment });
    const locks = async () =>
      (await readdir(home.home, { recursive: true })).filter((path) => path.endsWith('.lock'));
    assert.equal((await locks()).length, 1);
    const { exitCode } = await daemon.end('SIGUSR2');
    assert.equal(exitCode, exitCodes.software);
    assert.match(daemon.words(), /fault of its own.*out of order/);
    assert.deepEqual(await locks(), []);
  });
}

test('a port that another program has is named, with the way out', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const home = await createTestHome(t);
  const ended = await runCommand(home, ['serve', '--single-user', '--port', String(port), '--json']);
  assert.equal(ended.exitCode, exitCodes.unavailable);
  assert.match(ended.words, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use .*--port 0`));
  assert.equal(ended.output, '');
  assert.deepEqual(await modesIn(home), []);
});

test('a home whose path is too long for sockets works', async (t) => {
  const home = await createTestHome(t);
  const long = join(home.home, 'x'.repeat(120));
  await mkdir(long, { mode: 0o700 });
  const moved = { home: long, environment: { ...home.environment, HOME: long } };
  t.after(async () => {
    for (const { pid } of await processesWith((entry) => entry === `HOME=${long}`))
      process.kill(pid, 'SIGKILL');
  });
  const daemon = await startDaemon(t, moved);
  await hello(daemon, await signIn(daemon));
  assert.equal((await statusOf(moved)).pid, daemon.child.pid);
});
