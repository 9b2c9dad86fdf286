import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  countUsers,
  endProcessesOfUser,
  isLiveProcessOf,
} from '../../../src/daemon/platform/end-processes-of-user';

const statusOf = (state: string, uids: string, threads = 1, name = 'node') =>
  `Name:\t${name}\nUmask:\t0022\nState:\t${state}\nPid:\t7\nUid:\t${uids}\nGid:\t5\t5\t5\t5\nThreads:\t${threads}\n`;

const cases: readonly [what: string, status: string, isLive: boolean][] = [
  ['one of the user', statusOf('S (sleeping)', '990\t990\t990\t990'), true],
  ['one that has another user for a while', statusOf('R (running)', '0\t0\t990\t0'), true],
  ['one that reads files as the user', statusOf('R (running)', '0\t0\t0\t990'), true],
  ['one that is stopped', statusOf('T (stopped)', '990\t990\t990\t990'), true],
  ['one whose first thread has ended', statusOf('Z (zombie)', '990\t990\t990\t990', 2), true],
  ['one that has ended and was not waited for', statusOf('Z (zombie)', '990\t990\t990\t990'), false],
  ['one of another user', statusOf('S (sleeping)', '0\t0\t0\t0'), false],
  ['one of the group of that number', statusOf('S (sleeping)', '5\t5\t5\t5'), false],
  ['one with the number in its name', statusOf('S (sleeping)', '0\t0\t0\t0', 990, 'Uid:\t990'), false],
  ['a longer number', statusOf('S (sleeping)', '9900\t1990\t9901\t99'), false],
  ['nothing', '', false],
];

for (const [what, status, isLive] of cases)
  test(`${what} ${isLive ? 'is' : 'is not'} to be ended`, () => {
    assert.equal(isLiveProcessOf(status, 990), isLive);
  });

test('a namespace of one user is told from those of containers and of the machine', () => {
  assert.equal(countUsers('         0        990          1\n'), 1);
  assert.equal(countUsers(''), 0);
  assert.ok(countUsers('         0     100000      65536\n') > 1);
  assert.ok(countUsers('         0          0          1\n         1     100000      65536\n') > 1);
  assert.ok(countUsers(readFileSync('/proc/self/uid_map', 'utf8')) > 1);
});

test('nobody’s processes are ended for a number that is root’s or none', async () => {
  for (const uid of [0, -1, 1.5, Number.NaN, 0xff_ff_ff_ff])
    await assert.rejects(endProcessesOfUser(uid), /are not to be ended/);
});
