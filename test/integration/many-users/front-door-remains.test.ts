import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { exitCodes } from '../../../src/protocol/command-line';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon } from './system-daemon';

/** What a captured front door may leave behind: each says `ready` with its number when it is there, and none ends by itself or by SIGTERM. */
const stay = 'trap "" TERM HUP INT; echo ready $$; while :; do sleep 1000; done';
const firstThreadEnds = [
  'import ctypes, os, signal, threading, time',
  'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
  'threading.Thread(target=time.sleep, args=(1000,)).start()',
  "print('ready', os.getpid(), flush=True)",
  // exit(2) of this thread alone: the process looks as if it had ended.
  `ctypes.CDLL(None).syscall(${process.arch === 'arm64' ? 93 : 60}, 0)`,
].join('\n');
const kinds: readonly (readonly [what: string, command: readonly string[]])[] = [
  ['a process', ['sh', '-c', stay]],
  ['one in a session of its own', ['setsid', 'sh', '-c', stay]],
  ['one whose first thread has ended', ['python3', '-c', firstThreadEnds]],
  [
    'one in namespaces of its own',
    ['unshare', '--user', '--map-root-user', '--pid', '--fork', 'sh', '-c', stay],
  ],
];

/** What runs a program as the user of the front door. */
const asFrontDoor = [
  ...['setpriv', '--reuid=remote-kernels', '--regid=remote-kernels', '--clear-groups', '--no-new-privs'],
  '--bounding-set=-all',
];

/** The kinds that there can be: some systems let no user make namespaces, and then nothing is left in any. */
async function possibleKinds(t: TestContext, system: PrivateSystem): Promise<typeof kinds> {
  const words = [...asFrontDoor.slice(1), 'unshare', '--user', '--map-root-user', '--pid', '--fork', 'true'];
  const { code, stderr } = await system.run('setpriv', words);
  if (code === 0) return kinds;
  t.diagnostic(`no process in namespaces of its own: ${stderr.trim()}`);
  return kinds.filter(([, [program]]) => program !== 'unshare');
}

/** Starts a program as the user of the front door, and resolves with the number of its process here. */
async function leave(system: PrivateSystem, command: readonly string[], before: readonly string[] = []) {
  const [program = '', ...rest] = [...before, ...asFrontDoor, ...command];
  const child = system.spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { stdout, pid } = child;
  assert.ok(stdout !== null && pid !== undefined);
  await once(stdout, 'data', { signal: withDeadline(60_000, command.join(' ')) });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, pid, exited };
}

test('whatever a front door has left is ended before the next one starts, and no container with the same number', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  const other = await PrivateSystem.start(t);
  if (system === undefined || other === undefined) return;
  const uid = Number(await system.expect('id', ['-u', 'remote-kernels']));
  assert.notEqual(Number(await other.expect('id', ['-u', 'remote-kernels'])), uid, 'tests do not meet');
  const possible = await possibleKinds(t, system);
  const foreign = await leave(other, ['sh', '-c', stay]);
  const container = await leave(system, ['sh', '-c', stay], ['unshare', '--pid', '--fork']);
  const isEnded = async (left: Awaited<ReturnType<typeof leave>>, what: string) => {
    const ended = once(left.child, 'close', { signal: withDeadline(60_000, `the end of ${what}`) });
    if (left.child.exitCode === null && left.child.signalCode === null) await ended;
  };

  // What is left of a daemon that was killed.
  const early = await Promise.all(possible.map(([, command]) => leave(system, command)));
  const daemon = await startSystemDaemon(system);
  for (const [index, left] of early.entries())
    await isEnded(left, `${possible[index]?.[0] ?? ''} before the start`);

  // What is left of a front door.
  const { token } = await daemon.signedIn('ada', people.ada);
  const later = await Promise.all(possible.map(([, command]) => leave(system, command)));
  for (const { child } of later) assert.equal(child.exitCode ?? child.signalCode, null);
  const first = (await daemon.status()).frontDoorPid;
  assert.ok(first !== undefined);
  process.kill(first, 'SIGKILL');
  await until(
    async () => {
      const { frontDoorPid } = await daemon.status();
      return frontDoorPid !== undefined && frontDoorPid !== first ? true : undefined;
    },
    withDeadline(60_000, 'the next front door'),
    200,
  );
  for (const [index, left] of later.entries()) {
    const { exitCode, signalCode } = left.child;
    assert.ok(
      exitCode !== null || signalCode !== null,
      `${possible[index]?.[0] ?? ''} was there when the next one started`,
    );
  }
  const answers = async () => (await daemon.ask('GET', '/api/kernels', token).catch(() => undefined))?.status;
  await until(
    async () => ((await answers()) === 200 ? true : undefined),
    withDeadline(60_000, 'the door'),
    200,
  );

  // What is left when the daemon ends.
  const last = await leave(system, ['sh', '-c', stay]);
  assert.equal(await daemon.end(), exitCodes.ok);
  await isEnded(last, 'a process after the end of the daemon');
  for (const { pid, child } of [foreign, container]) {
    assert.equal(child.exitCode ?? child.signalCode, null);
    assert.ok(existsSync(`/proc/${pid}`));
  }
});

test('a front door does not run as the account of a person, whose programs would be ended', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.expect('usermod', ['--uid', '70124', '--shell', '/bin/bash', 'remote-kernels']);
  const program = await leave(system, ['sh', '-c', stay]);
  const { code, stderr } = await system.run(system.nodePath, [system.programFile, 'serve']);
  assert.equal(code, exitCodes.configuration, stderr);
  assert.match(stderr, /remote-kernels is the account of a person \(user 70124, shell \/bin\/bash\)/);
  assert.match(stderr, /give that account another name, then run: remote-kernels install/);
  assert.equal(program.child.exitCode ?? program.child.signalCode, null, 'it goes on');
});

test('a front door does not run as a user whose number somebody else has', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.expect('useradd', ['--non-unique', '--uid', '70123', 'carol']);
  await system.expect('usermod', ['--non-unique', '--uid', '70123', 'remote-kernels']);
  const { code, stderr } = await system.run(system.nodePath, [system.programFile, 'serve']);
  assert.equal(code, exitCodes.configuration, stderr);
  assert.match(stderr, /has the same number \(70123\) as carol/);
});
