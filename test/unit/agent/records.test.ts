import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { findKernels } from '../../../src/daemon/agent/kernels/records';
import { processStartTime, type ProcessIdentity } from '../../../src/daemon/platform/processes';
import type { KeeperRecord } from '../../../src/protocol/keeper';
import { temporaryFolder } from '../../support/temporary-folder';

const gone: ProcessIdentity = { pid: 2 ** 22 + 1, startTime: '1' };

function recordOf(
  id: string,
  folder: string,
  keeper: ProcessIdentity,
  kernel: ProcessIdentity | undefined,
  bootId = 'now',
): KeeperRecord {
  return {
    order: {
      kernelId: id,
      argv: ['python'],
      variables: {},
      workingDirectory: '/',
      transport: 'ipc',
      interruptMode: 'signal',
      environmentName: 'e',
      kernelspecName: 'python3',
      launcher: 'ipykernel',
      language: 'python',
      stateFolder: folder,
      socketFolder: '/s',
      startTimeoutMs: 1000,
      settings: {},
    },
    bootId,
    keeperPid: keeper.pid,
    keeperStartTime: keeper.startTime,
    socket: '/s/k',
    connectionFile: '/s/k.json',
    ...(kernel === undefined ? {} : { kernel: { pid: kernel.pid, processStartTime: kernel.startTime } }),
    startedAt: new Date(0).toISOString(),
    restarts: 0,
    gaps: [],
  };
}

test('records are sorted by which of the two processes lives, and what means nothing any more is removed', async (t) => {
  const state = await temporaryFolder(t);
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const living: ProcessIdentity = {
    pid: child.pid ?? 0,
    startTime: (await processStartTime(child.pid ?? 0)) ?? '',
  };
  const reused: ProcessIdentity = { pid: living.pid, startTime: '1' };
  const cases: readonly [
    id: string,
    keeper: ProcessIdentity,
    kernel: ProcessIdentity | undefined,
    bootId: string,
    kind: string,
  ][] = [
    ['00000000-0000-4000-8000-000000000001', living, undefined, 'now', 'kept'],
    ['00000000-0000-4000-8000-000000000002', gone, living, 'now', 'orphaned'],
    ['00000000-0000-4000-8000-000000000003', gone, gone, 'now', 'removed'],
    ['00000000-0000-4000-8000-000000000004', reused, reused, 'now', 'removed'],
    ['00000000-0000-4000-8000-000000000005', gone, undefined, 'now', 'removed'],
    ['00000000-0000-4000-8000-000000000006', living, living, 'before', 'removed'],
  ];
  for (const [id, keeper, kernel, bootId] of cases) {
    const folder = join(state, 'kernels', id);
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'record.json'),
      JSON.stringify(recordOf(id, folder, keeper, kernel, bootId)),
    );
  }
  const found = await findKernels([state, join(state, 'no-such')], 'now', silentLogger);
  for (const [id, , , , kind] of cases)
    assert.equal(found.find(({ record }) => record.order.kernelId === id)?.kind ?? 'removed', kind, id);
  assert.deepEqual((await readdir(join(state, 'kernels'))).sort(), [cases[0]?.[0], cases[1]?.[0]]);
});

test('a folder without a readable record is left to a keeper that may be writing it, and removed when it is old', async (t) => {
  const state = await temporaryFolder(t);
  for (const name of ['young', 'old']) {
    await mkdir(join(state, 'kernels', name), { recursive: true });
    await writeFile(join(state, 'kernels', name, 'record.json'), '{"order":');
  }
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(join(state, 'kernels', 'old'), longAgo, longAgo);
  assert.deepEqual(await findKernels([state], 'now', silentLogger), []);
  assert.deepEqual(await readdir(join(state, 'kernels')), ['young']);
});
