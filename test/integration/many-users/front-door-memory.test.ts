import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import {
  frontDoorCommand,
  frontDoorVariables,
} from '../../../src/daemon/command-line/many-users/front-door-child';
import { exitCodes } from '../../../src/protocol/command-line';
import { PrivateSystem } from '../../support/private-system';

/** What the process of the same user says at its end. */
interface Said {
  readonly before: number;
  readonly 'as this user': number;
  readonly opened: readonly string[];
}

const starts = 6;

/** Long enough for a Node that has begun to read its program, and to close itself to others when it is the front door. */
const attempts = 20_000;

async function prepared(system: PrivateSystem) {
  const numberOf = async (what: string) => Number(await system.expect('id', [what, 'remote-kernels']));
  const [uid, gid] = [await numberOf('-u'), await numberOf('-g')];
  const reader = join(dirname(system.programFile), 'same-user-reader.py');
  await copyFile(join(import.meta.dirname, 'same-user-reader.py'), system.outside(reader));
  /** Starts a program whose number the reader knows before the program begins, and ends it when the reader has seen enough. */
  const watch = async (
    command: readonly string[],
    kind: 'signals' | 'quiet',
  ): Promise<Said & { stderr: string }> => {
    // One byte of standard input lets it begin; all that follows would be orders.
    const wait = 'read -r begin && exec "$@"';
    const program = system.spawn('/bin/sh', ['-c', wait, 'sh', ...command], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let stderr = '';
    program.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const asUser = ['--reuid=remote-kernels', '--regid=remote-kernels', '--clear-groups'];
    const words = [...asUser, 'python3', reader, String(program.pid), kind, String(attempts)];
    const other = system.spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    other.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until(
      () => (said.startsWith('ready') ? true : undefined),
      withDeadline(60_000, 'the process of the same user'),
    );
    const ended = once(program, 'close', { signal: withDeadline(90_000, 'the end of the program') });
    const closed = once(other, 'close', { signal: withDeadline(90_000, 'the end of the attempts') });
    program.stdin?.write('\n');
    await closed;
    assert.equal(program.exitCode ?? program.signalCode, null, `it ended by itself: ${stderr}`);
    program.stdin?.end();
    assert.equal((await ended)[0], exitCodes.ok, stderr);
    return { ...(JSON.parse(said.split('\n')[1] ?? '') as Said), stderr };
  };
  return { uid, gid, watch };
}

test('no process of the front door’s user can read its memory or open its debugger at any moment of its start', async (t) => {
  const system = await PrivateSystem.start(t);
  if (system === undefined) return;
  const { uid, gid, watch } = await prepared(system);
  const [program, ...words] = frontDoorCommand({ uid, gid }, system.programFile);
  const command = [program, ...words.map((word) => (word === process.execPath ? system.nodePath : word))];
  for (let start = 0; start < starts; start += 1) {
    const said = await watch(command, start % 2 === 0 ? 'signals' : 'quiet');
    assert.ok(said.before > 0, 'it was watched before it became the user');
    assert.equal(said['as this user'], attempts);
    assert.deepEqual(said.opened, []);
    assert.doesNotMatch(said.stderr, /[Dd]ebugger/);
  }

  const late = ['setpriv', `--reuid=+${uid}`, `--regid=+${gid}`, '--clear-groups', '--no-new-privs', '--'];
  const open = await watch([...late, system.nodePath, system.programFile, 'front-door'], 'quiet');
  assert.ok(
    open.opened.includes('mem'),
    'a program that begins as that user is read: the attempts can succeed',
  );
});

test('a front door that cannot give up to be root does nothing', async (t) => {
  const system = await PrivateSystem.start(t);
  if (system === undefined) return;
  const id = async (what: string) => (await system.expect('id', [what, 'remote-kernels'])).trim();
  const own = `${await id('-u')}:${await id('-g')}`;
  const mode = [system.nodePath, system.programFile, 'front-door'];
  const refused: readonly [what: string, command: readonly string[], words: RegExp][] = [
    ['root without a user to become', mode, /does not run as root/],
    ['root that is to stay root', [...mode, '--as', '0:0'], /are no numbers/],
    ['without numbers', [...mode, '--as'], /are no numbers/],
    ['with a way to gain rights', [...mode, '--as', own], /NoNewPrivs/],
    [
      'with capabilities kept',
      ['setpriv', '--no-new-privs', '--inh-caps=+chown', ...mode, '--as', own],
      /CapInh/,
    ],
    [
      'without the right to change its user',
      ['setpriv', '--bounding-set=-all', ...mode, '--as', own],
      /EPERM/,
    ],
  ];
  for (const [what, [program = '', ...words], said] of refused) {
    const { code, stderr } = await system.run(program, words);
    assert.equal(code, exitCodes.noPermission, `${what}: ${stderr}`);
    assert.match(stderr, said, what);
  }
});

test('the front door has the variables of its account alone', () => {
  const account = { name: 'remote-kernels', uid: 990, gid: 991, home: '/nonexistent', shell: '', groups: [] };
  assert.deepEqual(frontDoorVariables(account), {
    PATH: '/usr/local/bin:/bin:/usr/bin',
    HOME: '/nonexistent',
    USER: 'remote-kernels',
    LOGNAME: 'remote-kernels',
    SHELL: '/bin/sh',
    UV_USE_IO_URING: '0',
  });
});
