import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { belowRoots, processMode } from '../../../src/daemon/command-line/process-usage/process-mode';
import { readUsage } from '../../../src/daemon/command-line/process-usage/read-usage';
import { addUsage, collectUsage } from '../../../src/daemon/command-line/process-usage/usage';
import type { ProcessEntry } from '../../../src/daemon/platform/process-table';
import type { DaemonStatus, ProcessReport } from '../../../src/protocol/daemon-control';
import { requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

const programFile = '/opt/remote-kernels/dist/daemon.js';

const modes: readonly [words: string, mode: string | undefined][] = [
  [`node ${programFile} keeper`, 'keeper'],
  [`node --max-old-space-size=64 ${programFile} keeper`, 'keeper'],
  ['node /home/ada/.vscode/extensions/x/dist/daemon.js agent --server', 'agent'],
  [`node ${programFile} agent --json --door /run/x`, undefined],
  [`node ${programFile} front-door`, 'front-door'],
  [`node ${programFile} serve --json`, 'serve'],
  [`node ${programFile} status`, undefined],
  [`node ${programFile}`, undefined],
  ['python3 -m ipykernel_launcher -f keeper', undefined],
  ['daemon.js keeper', undefined],
  ['', undefined],
];

for (const [words, mode] of modes) {
  test(`"${words}" is ${mode ?? 'no part of the daemon'}`, () => {
    assert.equal(processMode(words.split(' ').filter(Boolean), programFile), mode);
  });
}

const entry = (pid: number, parentPid: number, session: number, uid = 1000): ProcessEntry => ({
  ...{ pid, parentPid, session, uid },
  residentBytes: 100,
});

test('below an agent and keepers are their children, and what stayed in their sessions, of that user alone', () => {
  const table = [
    entry(10, 1, 10),
    entry(20, 1, 20),
    entry(21, 20, 21),
    entry(22, 21, 21),
    entry(23, 1, 21),
    entry(24, 22, 24, 0),
    entry(25, 1, 21, 1001),
    entry(30, 1, 30),
    entry(31, 30, 30),
  ];
  const found = belowRoots(table, new Set([10, 20]), 1000).map(({ pid }) => pid);
  assert.deepEqual(found, [10, 20, 21, 22, 23, 24]);
  assert.deepEqual(belowRoots(table, new Set(), 1000), []);
});

test('a circle of parents ends', () => {
  assert.equal(belowRoots([entry(1, 2, 1), entry(2, 1, 2)], new Set([1]), 1000).length, 2);
});

test('a user who makes 20,000 processes below one parent costs a few steps for each of them', () => {
  const count = 20_000;
  const steps = countSteps(20 * count);
  const table = Array.from({ length: count }, (_, index) => steps.watch(entry(100 + index, 20, 20)));
  const found = steps.during(() => belowRoots(table, new Set([20]), 1000));
  assert.equal(found.length, count);
  assert.ok(steps.count >= count, 'the steps are counted');
});

/** Counts what a function reads of the watched entries, and what it takes or copies of arrays one by one. Throws when that is too much. */
function countSteps(most: number) {
  let count = 0;
  const step = () => {
    count += 1;
    if (count > most) throw new Error(`more than ${most} steps`);
  };
  const arrays = Array.prototype;
  const iterate = Object.getOwnPropertyDescriptor(arrays, Symbol.iterator);
  assert.ok(iterate !== undefined);
  function* counted<T>(this: T[]): Generator<T> {
    for (let index = 0; index < this.length; index += 1) {
      step();
      yield this[index] as T;
    }
  }
  return {
    watch: (one: ProcessEntry) =>
      new Proxy(one, {
        get: (target, name) => {
          step();
          return Reflect.get(target, name) as unknown;
        },
      }),
    during: <T>(run: () => T): T => {
      Object.defineProperty(arrays, Symbol.iterator, { ...iterate, value: counted });
      try {
        return run();
      } finally {
        Object.defineProperty(arrays, Symbol.iterator, iterate);
      }
    },
    get count() {
      return count;
    },
  };
}

const process_ = (pid: number, parentPid: number, ownerUid: number, mode?: string): ProcessReport =>
  ({
    kind: 'process',
    ...{ pid, parentPid, ownerUid },
    ...(mode === undefined ? {} : { mode }),
    residentBytes: 1_000,
  }) as ProcessReport;

const status: DaemonStatus = {
  version: '0.1.0',
  name: 'lab-7',
  daemonId: 'd',
  pid: 50,
  startedAt: '2026-01-01T00:00:00.000Z',
  url: 'https://127.0.0.1:7443',
  addresses: [],
  pin: 'ab12'.repeat(16),
  connections: 0,
  signedInConnections: 0,
  signIns: 1,
};

test('each user has their agent, their kernels and their memory, also without a sign-in', () => {
  const usage = collectUsage([
    process_(50, 1, 0, 'serve'),
    process_(51, 50, 999, 'front-door'),
    process_(52, 51, 999, 'announce'),
    process_(53, 50, 0, 'pam'),
    process_(60, 1, 1000, 'agent'),
    process_(61, 60, 1000, 'keeper'),
    process_(62, 61, 1000),
    process_(63, 1, 1000, 'keeper'),
    process_(70, 1, 1001, 'keeper'),
    process_(80, 1, 1002, 'front-door'),
    process_(81, 1, 1002, 'announce'),
    { kind: 'memory', pid: 62, proportionalBytes: 700 },
    { kind: 'memory', pid: 51, proportionalBytes: 300 },
    { kind: 'complete' },
  ]);
  const users = [
    { name: 'zoe', uid: 1003, signIns: 1 },
    { name: 'ada', uid: 1000, signIns: 1 },
  ];
  const found = addUsage({ ...status, frontDoorPid: 51, users }, usage, (uid) => `user ${uid}`);
  assert.deepEqual(found.users, [
    { name: 'ada', uid: 1000, signIns: 1, agentPid: 60, kernels: 2, memoryBytes: 3_700 },
    { name: 'user 1001', uid: 1001, signIns: 0, kernels: 1, memoryBytes: 1_000 },
    { name: 'zoe', uid: 1003, signIns: 1, kernels: 0, memoryBytes: 0 },
  ]);
  assert.deepEqual(found.processes, [
    { role: 'supervisor', pid: 50, memoryBytes: 1_000 },
    { role: 'front-door', pid: 51, memoryBytes: 300 },
    { role: 'announcement', pid: 52, memoryBytes: 1_000 },
    { role: 'pam', pid: 53, memoryBytes: 1_000 },
  ]);
  assert.equal(found.isIncomplete, undefined);
});

test('of a single user no others are named, and what is missing is said', () => {
  const usage = collectUsage([
    process_(50, 1, 1000, 'serve'),
    process_(60, 1, 1000, 'agent'),
    process_(61, 60, 1000, 'keeper'),
  ]);
  const found = addUsage({ ...status, agentPid: 60 }, usage, () => '');
  assert.equal(found.users, undefined);
  assert.equal(found.memoryBytes, 2_000);
  assert.deepEqual(found.processes, [{ role: 'daemon', pid: 50, memoryBytes: 1_000 }]);
  assert.equal(found.isIncomplete, true);
});

test('a list that hangs is ended in time, and what it had said counts', async (t) => {
  if (!requirePeer(t, 'the process table of Linux', process.platform === 'linux')) return;
  const program = join(await temporaryFolder(t), 'daemon.js');
  const line = JSON.stringify(process_(60, 1, 1000, 'agent'));
  await writeFile(program, `console.log('no JSON');console.log('${line}');setInterval(() => {}, 1000);`);
  const usage = await readUsage(program, 15_000);
  assert.deepEqual(usage?.processes, [process_(60, 1, 1000, 'agent')]);
  assert.equal(usage.isComplete, false);
});
