import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { test } from 'node:test';
import { delay, until, withDeadline } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';
import { frontDoorPaths } from '../../../src/protocol/front-door';
import type { DaemonStatus } from '../../../src/protocol/daemon-control';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { addCrowd } from './crowd';
import { startSystemDaemon } from './system-daemon';

const users = 200;
/** As many as a class that signs in together: the daemon looks at half of them at once. */
const atOnce = 16;

/** What a process has open, by what it leads to without the numbers that differ from one to the next. */
async function openFiles(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(
    names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => undefined)),
  );
  return targets.flatMap((target) => (target === undefined ? [] : [target.replace(/\[\d+\]$/, '')])).sort();
}

/** Without those who only have something running on this machine, be it in another test. */
function countSignedIn({ users: all = [] }: DaemonStatus): number {
  return all.filter(({ signIns }) => signIns > 0).length;
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const next = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, next));
}

test('two hundred users who signed in and out leave no file, child, socket or sign-in behind in supervisor and front door', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  // Agents end by themselves soon after nobody uses them, and not before their door was tried.
  await system.write('/etc/remote-kernels/agent.json', JSON.stringify({ agentGraceSeconds: 8 }));
  const [first, ...crowd] = await addCrowd(system, users + 1, 'cheap');
  assert.ok(first !== undefined);
  const daemon = await startSystemDaemon(system);
  const { pid, frontDoorPid } = await daemon.status();
  assert.ok(frontDoorPid !== undefined);

  const othersOf = async () =>
    (await system.processes()).filter((one) => one.pid !== pid && one.pid !== frontDoorPid);
  const held = async () => ({
    supervisor: await openFiles(pid),
    frontDoor: await openFiles(frontDoorPid),
    children: (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim(),
    childrenOfFrontDoor: (
      await readFile(`/proc/${frontDoorPid}/task/${frontDoorPid}/children`, 'utf8')
    ).trim(),
  });
  const untilAllAgentsEnded = async () =>
    until(
      async () => ((await othersOf()).length === 0 ? true : undefined),
      withDeadline(90_000, 'the end of the agents'),
      250,
    );

  // One before the others, since some files are opened with the first sign-in and stay.
  const { token: firstToken } = await daemon.signedIn(first.name, first.password);
  assert.equal((await daemon.ask('GET', agentPaths.hello, firstToken)).status, 200);
  assert.equal((await daemon.ask('POST', frontDoorPaths.signOut, firstToken)).status, 204);
  await untilAllAgentsEnded();
  const before = await held();
  assert.equal(before.children, String(frontDoorPid));
  assert.equal(before.childrenOfFrontDoor, '');

  const tokens: string[] = [];
  await inTurns(crowd, async ({ name, password }) => {
    const { token } = await daemon.signedIn(name, password);
    assert.equal((await daemon.ask('GET', agentPaths.hello, token)).status, 200);
    tokens.push(token);
  });
  assert.equal(new Set(tokens).size, users);
  const during = await daemon.status();
  assert.deepEqual([during.signIns, countSignedIn(during)], [users, users]);

  await inTurns(tokens, async (token) => {
    assert.equal((await daemon.ask('POST', frontDoorPaths.signOut, token)).status, 204);
    assert.equal((await daemon.ask('GET', agentPaths.hello, token)).status, 401);
  });
  await untilAllAgentsEnded();
  let after = await held();
  const deadline = withDeadline(60_000, 'the end of what was open');
  while (JSON.stringify(after) !== JSON.stringify(before) && !deadline.aborted) {
    await delay(100);
    after = await held();
  }
  assert.deepEqual(after, before);

  const afterwards = await daemon.status();
  assert.deepEqual(
    [afterwards.signIns, countSignedIn(afterwards), afterwards.pid, afterwards.frontDoorPid],
    [0, 0, pid, frontDoorPid],
  );
  assert.equal(
    await system.expect('find', ['/run/remote-kernels/users', '-mindepth', '2']),
    '',
    'nothing is left in the folders of the doors',
  );
  const file = await system.expect('cat', ['/var/lib/remote-kernels/sign-ins.json']);
  assert.deepEqual((JSON.parse(file) as { signIns: unknown }).signIns, []);
});
