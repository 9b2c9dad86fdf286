import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths, parseHello } from '../../../src/protocol/agent';
import { exitCodes, type ServeEvent } from '../../../src/protocol/command-line';
import { frontDoorPaths, parseWellKnown } from '../../../src/protocol/front-door';
import { createTestHome, type TestHome } from '../../support/test-home';
import { ask, bearer, rawConnection } from '../front-door/front-door-under-test';
import { openStream } from '../many-users/open-stream';
import { freePort, twoFreePorts } from '../../support/free-ports';
import {
  runCommand,
  signIn,
  startConfiguredDaemon,
  statusOf,
  type DaemonUnderTest,
} from './daemon-under-test';

const timeoutMs = 60_000;

const fileOf = ({ home }: TestHome) => join(home, '.config', 'remote-kernels', 'config.json');

/** Writes the user's file: a text as it is, anything else as JSON for a daemon of 127.0.0.1 that is not announced. */
async function configure(
  home: TestHome,
  content: string | Readonly<Record<string, unknown>>,
): Promise<string> {
  const path = fileOf(home);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(
    path,
    typeof content === 'string'
      ? content
      : JSON.stringify({ listen: ['127.0.0.1'], announce: false, ...content }),
  );
  return path;
}

/** Asks for a reload, and resolves once the log has these words once more. */
async function reload(daemon: DaemonUnderTest, words: string): Promise<void> {
  const count = () => daemon.words().split(words).length;
  const before = count();
  daemon.child.kill('SIGHUP');
  await until(
    () => (count() > before ? true : undefined),
    withDeadline(timeoutMs, `"${words}" in the log`),
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${daemon.words()}`);
  });
}

async function nameAt(port: number): Promise<string> {
  const answer = await ask(port, { path: frontDoorPaths.wellKnown });
  return expectParsed(parseJson(answer.text, parseWellKnown)).name;
}

const eventually = (what: string, isSo: () => Promise<boolean>) =>
  until(async () => ((await isSo()) ? true : undefined), withDeadline(timeoutMs, what));

const isOpenAt = (port: number) =>
  rawConnection(port).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    () => false,
  );

/** A port of loopback that another program holds until the end of the test. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return bound.port;
}

test("the user's file says where the daemon listens, its name, whether it is announced and how much it logs", async (t) => {
  const home = await createTestHome(t);
  const port = await freePort();
  await configure(home, { port, name: 'lab 7', logLevel: 'debug' });
  const daemon = await startConfiguredDaemon(t, home, []);
  assert.deepEqual(daemon.listening.addresses, [`127.0.0.1:${port}`]);
  assert.equal(await nameAt(port), 'lab 7');
  assert.equal((await statusOf(home)).name, 'lab 7');
  assert.match(daemon.words(), /not announced/);
  await eventually('a line of the level debug', () => Promise.resolve(/debug/i.test(daemon.words())));
  assert.equal((await daemon.end()).exitCode, exitCodes.ok);
});

test('words on the command line win over the file', async (t) => {
  const home = await createTestHome(t);
  await configure(home, {
    port: await takenPort(t),
    name: 'in the file',
    listen: ['192.0.2.1'],
    announce: true,
    logLevel: 'error',
  });
  const words = [
    '--port',
    '0',
    '--name',
    'in words',
    '--listen',
    '127.0.0.1',
    '--no-announce',
    '--log-level',
    'info',
  ];
  const daemon = await startConfiguredDaemon(t, home, words);
  assert.deepEqual(daemon.listening.addresses, [`127.0.0.1:${daemon.port}`]);
  assert.equal(await nameAt(daemon.port), 'in words');
  await configure(home, { port: await takenPort(t), name: 'another one in the file' });
  await reload(daemon, 'the configuration was reloaded');
  assert.equal(await nameAt(daemon.port), 'in words');
  assert.equal((await statusOf(home)).placeProblem, undefined);
  assert.ok(!daemon.events.some(({ event }) => event === 'announcing' || event === 'place-refused'));
});

const faulty: readonly [what: string, text: string, ...told: string[]][] = [
  [
    'with an unknown key, a key of the daemon of root and a bad value',
    '{\n  "prot": 7443,\n  "allowUsers": ["ada"],\n  "announce": "no"\n}',
    ':2:3: there is no key "prot"; did you mean "port"?',
    ':3:3: "allowUsers" belongs to the daemon that root runs for all users (/etc/remote-kernels/config.json)',
    ':4:15: "announce": invalid type: expected boolean but received "no"',
  ],
  ['that is no JSON', '{"port": 1', ':1:11: not JSON: a closing } is missing'],
];

for (const [what, text, ...told] of faulty) {
  test(`with a file ${what} it does not start, and says all that is wrong`, async (t) => {
    const home = await createTestHome(t);
    const path = await configure(home, text);
    const ended = await runCommand(home, [
      'serve',
      '--single-user',
      '--port',
      '0',
      '--no-announce',
      '--json',
    ]);
    assert.equal(ended.exitCode, exitCodes.configuration);
    assert.equal(ended.output, '');
    for (const words of told) assert.ok(ended.words.includes(`${path}${words}`), ended.words);
    assert.equal(ended.words.trim().split('\n').length, told.length);
  });
}

test('with a file that others can change, or a link to nothing, it does not start', async (t) => {
  const home = await createTestHome(t);
  const path = await configure(home, {});
  const serve = () => runCommand(home, ['serve', '--single-user', '--port', '0', '--no-announce']);
  await chmod(path, 0o666);
  const writable = await serve();
  assert.equal(writable.exitCode, exitCodes.configuration);
  assert.match(writable.words, /config\.json: others can change it; run: chmod go-w /);
  await rm(path);
  await symlink(join(home.home, 'nowhere'), path);
  const dangling = await serve();
  assert.equal(dangling.exitCode, exitCodes.configuration);
  assert.match(dangling.words, /config\.json: it cannot be read: .*config\.json is a link to nowhere/);
});

test('SIGHUP changes name and port while connections stay open, and the agent hears of the port', async (t) => {
  const home = await createTestHome(t);
  const [first, second] = await twoFreePorts();
  await configure(home, { port: first, name: 'before' });
  const daemon = await startConfiguredDaemon(t, home, ['--show-code']);
  const token = await signIn(daemon);
  const stream = await openStream(first, token);
  t.after(() => stream.destroy());

  await configure(home, { port: second, name: 'after' });
  await reload(daemon, 'the configuration was reloaded');
  const { url, code } = await daemon.waitFor('listening', 1);
  assert.deepEqual([url, code], [`https://127.0.0.1:${second}`, undefined]);
  assert.equal(await nameAt(second), 'after');
  await eventually('the end of the port before', async () => !(await isOpenAt(first)));
  const { name, addresses, signedInConnections } = await statusOf(home);
  assert.deepEqual([name, addresses], ['after', [`127.0.0.1:${second}`]]);
  assert.ok(signedInConnections >= 1);
  await eventually('the other port in what the agent says', async () => {
    const answer = await ask(second, { path: agentPaths.hello, headers: bearer(token) });
    return expectParsed(parseJson(answer.text, parseHello)).frontDoor?.port === second;
  });
  const { output } = await runCommand(home, ['pair', '--json']);
  assert.match(output, new RegExp(`https://127\\.0\\.0\\.1:${second}`));
  assert.equal(stream.destroyed, false);
  assert.equal((await daemon.end()).exitCode, exitCodes.ok);
});

test('a bad file, none any more, and a link to nothing at SIGHUP keep the old configuration, and the log says why', async (t) => {
  const home = await createTestHome(t);
  const port = await freePort();
  const path = await configure(home, { port, name: 'before' });
  const daemon = await startConfiguredDaemon(t, home, ['--show-code']);
  const stream = await openStream(port, await signIn(daemon));
  t.after(() => stream.destroy());
  const isKept = async () => {
    assert.equal(await nameAt(port), 'before');
    assert.equal(stream.destroyed, false);
    assert.match(daemon.words(), /the configuration was not reloaded; the one before stays in force/);
  };

  await configure(home, '{\n  "name": "after",\n  "prt": 1\n}');
  await reload(daemon, `${path}:3:3: there is no key "prt"; did you mean "port"?`);
  await isKept();
  await rm(path);
  await reload(
    daemon,
    `${path}: it is not there any more; to go on with every default put a file with {} there`,
  );
  await isKept();
  await symlink(join(home.home, 'nowhere'), path);
  await reload(daemon, `${path} is a link to nowhere`);
  await isKept();
  await rm(path);

  await configure(home, { port, name: 'after' });
  await reload(daemon, 'the configuration was reloaded');
  await eventually('the other name', async () => (await nameAt(port)) === 'after');
  assert.equal(stream.destroyed, false);
});

test('a port that another program holds leaves the daemon where it is, and status says why', async (t) => {
  const home = await createTestHome(t);
  // The one that is taken first: what is free after that is another one.
  const taken = await takenPort(t);
  const port = await freePort();
  await configure(home, { port });
  const daemon = await startConfiguredDaemon(t, home, ['--show-code']);
  const stream = await openStream(port, await signIn(daemon));
  t.after(() => stream.destroy());
  await configure(home, { port: taken });
  daemon.child.kill('SIGHUP');
  const { message } = await daemon.waitFor('place-refused');
  assert.match(
    message,
    new RegExp(`port ${taken} on 127\\.0\\.0\\.1 is in use.* stays where it was, at port ${port}`),
  );
  assert.equal((await statusOf(home)).placeProblem, message);
  await configure(home, { port });
  daemon.child.kill('SIGHUP');
  await daemon.waitFor('listening', 1);
  assert.equal((await statusOf(home)).placeProblem, undefined);
  assert.equal(stream.destroyed, false);
});

test('SIGHUP switches the announcement on and off', async (t) => {
  const home = await createTestHome(t);
  await configure(home, { port: 0 });
  const daemon = await startConfiguredDaemon(t, home, []);
  const happens = async (kind: ServeEvent['event'], announce: boolean) => {
    await configure(home, { port: 0, announce });
    daemon.child.kill('SIGHUP');
    await daemon.waitFor(kind);
  };
  await happens('announcing', true);
  assert.notEqual((await statusOf(home)).announcedAs, undefined);
  await happens('announcement-ended', false);
  assert.equal((await statusOf(home)).announcedAs, undefined);
  const ports = daemon.events.flatMap((event) => (event.event === 'listening' ? [event.url] : []));
  assert.deepEqual(ports, [`https://127.0.0.1:${daemon.port}`]);
});
