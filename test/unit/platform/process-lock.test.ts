import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readlink, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  describeOwnProcess,
  isLockHolder,
  readLockHolder,
  takeProcessLock,
  type LockHolder,
} from '../../../src/daemon/platform/process-lock';
import { temporaryFolder } from '../../support/temporary-folder';

const bootId = 'this start of the machine';

/** The text of a lock that a process of that number and start time holds. */
const lockText = (pid: number, startTime: string, boot = bootId) => `${pid}|${startTime}|${boot}`;

test('the lock is taken once; whoever comes later is told who has it', async (t) => {
  const folder = await temporaryFolder(t);
  const own = await describeOwnProcess(bootId);
  const first = await takeProcessLock(join(folder, 'a.lock'), own);
  assert.ok(!isLockHolder(first));
  assert.equal(await first.isStillOurs(), true);
  const second = await takeProcessLock(join(folder, 'a.lock'), own);
  assert.deepEqual(second, own);
  assert.deepEqual(await readLockHolder(join(folder, 'a.lock')), own);
  await first.release();
  assert.deepEqual(await readdir(folder), []);
});

/** Locks of which the holder is gone. */
const stale: readonly [what: string, text: string][] = [
  ['a process that is gone', lockText(2 ** 22 + 1, '1')],
  ['a process of the same number that was started at another time', lockText(process.pid, '1')],
  ['another start of the machine', lockText(process.pid, '1', 'another')],
  ['nobody that can be read', 'gibberish'],
];

for (const [what, text] of stale) {
  test(`the lock of ${what} is taken over, and nothing else is left`, async (t) => {
    const folder = await temporaryFolder(t);
    await symlink(text, join(folder, 'a.lock'));
    const own = await describeOwnProcess(bootId);
    const lock = await takeProcessLock(join(folder, 'a.lock'), own);
    assert.ok(!isLockHolder(lock));
    assert.deepEqual(await readLockHolder(join(folder, 'a.lock')), own);
    assert.deepEqual(await readdir(folder), ['a.lock']);
  });
}

test('of many that find a stale lock at once exactly one takes it over', async (t) => {
  const folder = await temporaryFolder(t);
  for (let round = 0; round < 20; round += 1) {
    await symlink(lockText(2 ** 22 + 1, String(round)), join(folder, 'a.lock'));
    const own = await describeOwnProcess(bootId);
    const living = await startProcesses(t, 8);
    const results = await Promise.all(
      living.map((holder) => takeProcessLock(join(folder, 'a.lock'), holder)),
    );
    const winners = results.filter((result) => !isLockHolder(result));
    assert.equal(winners.length, 1);
    const named = results.filter((result): result is LockHolder => isLockHolder(result));
    assert.ok(named.every((holder) => living.some(({ pid }) => pid === holder.pid)));
    assert.notDeepEqual(await readLockHolder(join(folder, 'a.lock')), own);
    assert.deepEqual(await readdir(folder), ['a.lock']);
    await unlink(join(folder, 'a.lock'));
  }
});

test('a takeover that was killed half way does not keep the next one from it', async (t) => {
  const folder = await temporaryFolder(t);
  const gone = 2 ** 22 + 1;
  await symlink(lockText(gone, '1'), join(folder, 'a.lock'));
  // What is left when the process that was taking over died in between.
  await symlink(lockText(gone + 1, '1'), join(folder, `a.lock.${gone}`));
  const lock = await takeProcessLock(join(folder, 'a.lock'), await describeOwnProcess(bootId));
  assert.ok(!isLockHolder(lock));
  assert.deepEqual(await readdir(folder), ['a.lock']);
});

test('a lock that was replaced is not ours any more and is not removed by us', async (t) => {
  const folder = await temporaryFolder(t);
  const lock = await takeProcessLock(join(folder, 'a.lock'), await describeOwnProcess(bootId));
  assert.ok(!isLockHolder(lock));
  await unlink(join(folder, 'a.lock'));
  assert.equal(await lock.isStillOurs(), false);
  await symlink(lockText(1, '1'), join(folder, 'a.lock'));
  await lock.release();
  assert.equal(await readlink(join(folder, 'a.lock')), lockText(1, '1'));
});

test('a file in the place of the lock is an error, and is left as it is', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'a.lock'), 'mine');
  await assert.rejects(takeProcessLock(join(folder, 'a.lock'), await describeOwnProcess(bootId)));
  assert.deepEqual(await readdir(folder), ['a.lock']);
});

/** Living processes, to take the lock in their names. */
async function startProcesses(t: { after(end: () => void): void }, count: number): Promise<LockHolder[]> {
  const { processStartTime } = await import('../../../src/daemon/platform/processes');
  const holders: LockHolder[] = [];
  for (let index = 0; index < count; index += 1) {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    const startTime = await processStartTime(child.pid ?? 0);
    holders.push({ pid: child.pid ?? 0, startTime: startTime ?? '', bootId });
  }
  return holders;
}
