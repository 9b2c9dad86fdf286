import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  isSameProcess,
  parseListedStart,
  parseStartTime,
  processStartTime,
  readBootId,
  signalGroup,
  signalProcess,
  sumOfTree,
  totalMemoryBytes,
  treeMemoryBytes,
} from '../../../src/daemon/platform/processes';

const rest = '1 1 1 0 -1 4194304 100 0 0 0 1 2 3 4 20 0 1 0';

for (const [what, text, expected] of [
  ['an ordinary process', `42 (python) S ${rest} 8801 0 0`, '8801'],
  ['a name with brackets, spaces and a line end', `42 (a) S) b (\n) R ${rest} 8802 0 0`, '8802'],
  ['a process that has ended and was not fetched', `42 (python) Z ${rest} 8803 0 0`, undefined],
  ['a process that is gone', undefined, undefined],
] as const) {
  test(`the start time of ${what}`, () => assert.equal(parseStartTime(text), expected));
}

for (const [line, expected] of [
  ['Ss   Sat Nov 21 10:00:00 2026\n', 'Sat Nov 21 10:00:00 2026'],
  ['Z    Sat Nov 21 10:00:00 2026', undefined],
  ['', undefined],
] as const) {
  test(`ps says ${JSON.stringify(line)}`, () => assert.equal(parseListedStart(line), expected));
}

test('the memory of a tree is summed from a listing in any order, and of others nothing', () => {
  const listing = '  30  20   300\n  20  10   200\n  10   1   100\n  99   1  5000\n\n';
  assert.equal(sumOfTree(listing, 10), 600 * 1024);
  assert.equal(sumOfTree(listing, 30), 300 * 1024);
  assert.equal(sumOfTree(listing, 7), undefined);
});

test('this very process is itself, and no process that was started at another time is', async () => {
  const startTime = (await processStartTime(process.pid)) ?? '';
  assert.notEqual(startTime, '');
  assert.equal(await isSameProcess({ pid: process.pid, startTime }), true);
  assert.equal(await isSameProcess({ pid: process.pid, startTime: `${startTime}0` }), false);
});

test('a group is signalled with all its members, and is gone afterwards', async (t) => {
  const child = spawn('/bin/sh', ['-c', 'sleep 600 & wait'], { detached: true, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const identity = { pid, startTime: (await processStartTime(pid)) ?? '' };
  assert.ok(((await treeMemoryBytes(pid)) ?? 0) > 100_000);
  assert.equal(signalGroup(pid, 0), true);
  assert.equal(signalProcess(pid, 'SIGCONT'), true);
  assert.equal(signalGroup(pid, 'SIGKILL'), true);
  await once(child, 'exit');
  assert.equal(signalProcess(pid, 'SIGKILL'), false);
  assert.equal(await isSameProcess(identity), false);
  assert.equal(await processStartTime(pid), undefined);
  assert.equal(await treeMemoryBytes(pid), undefined);
});

test('a boot id is the same twice', async () => {
  assert.equal(await readBootId(), await readBootId());
  assert.notEqual(await readBootId(), '');
  assert.ok(totalMemoryBytes() > 100_000_000);
});
