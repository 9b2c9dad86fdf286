import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { findKernels } from '../../../src/daemon/agent/kernels/records';
import { processStartTime, type ProcessIdentity } from '../../../src/daemon/platform/processes';
import type { KeeperRecord } from '../../../src/protocol/keeper';
import { listenOn } from '../../../src/daemon/platform/sockets';
import { goneProcess as gone, keeperRecord } from '../../support/keeper-records';
import { temporaryFolder } from '../../support/temporary-folder';

function recordOf(
  kernelId: string,
  stateFolder: string,
  keeper: ProcessIdentity,
  kernel: ProcessIdentity | undefined,
  bootId?: string,
): KeeperRecord {
  return keeperRecord({ kernelId, stateFolder, socketFolder: '/s', keeper, kernel, bootId });
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

/** A process that lives as long as the test, for records of kernels that run. */
async function startLiving(t: TestContext): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return { pid: child.pid ?? 0, startTime: (await processStartTime(child.pid ?? 0)) ?? '' };
}

const someId = '00000000-0000-4000-8000-000000000007';

/** Writes a record into its folder below a state folder. */
async function writeRecord(state: string, record: KeeperRecord, name = record.order.kernelId): Promise<void> {
  const folder = join(state, 'kernels', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'record.json'), JSON.stringify(record));
}

const idsIn = async (...states: string[]) =>
  (await findKernels(states, 'now', silentLogger)).map(({ record }) => record.order.kernelId);

test('a state folder that others can enter or that is a link is never looked into', async (t) => {
  const state = await temporaryFolder(t);
  await writeRecord(state, recordOf(someId, join(state, 'kernels', someId), await startLiving(t), undefined));
  const link = join(await temporaryFolder(t), 'link');
  await symlink(state, link);
  assert.deepEqual(await idsIn(link), []);
  await chmod(state, 0o755);
  assert.deepEqual(await idsIn(state), []);
  await chmod(state, 0o700);
  assert.deepEqual(await idsIn(state), [someId]);
});

test('in /tmp every folder above a state folder is held to the same', async (t) => {
  const top = `/tmp/remote-kernels-${9_000_000_000 + process.pid}`;
  const state = join(top, '0123abcd', 'state');
  t.after(() => rm(top, { recursive: true, force: true }));
  await mkdir(state, { recursive: true, mode: 0o700 });
  await writeRecord(state, recordOf(someId, join(state, 'kernels', someId), await startLiving(t), undefined));
  assert.deepEqual(await idsIn(state), [someId]);
  for (const above of [top, dirname(state)]) {
    await chmod(above, 0o755);
    assert.deepEqual(await idsIn(state), [], above);
    await chmod(above, 0o700);
  }
  await rename(dirname(state), join(top, 'elsewhere'));
  await symlink('elsewhere', dirname(state));
  assert.deepEqual(await idsIn(state), []);
});

test('a record that names another kernel or another folder is not believed, and stays where it is', async (t) => {
  const state = await temporaryFolder(t);
  const elsewhere = await temporaryFolder(t);
  const living = await startLiving(t);
  const other = '00000000-0000-4000-8000-000000000008';
  await writeRecord(state, recordOf(someId, elsewhere, gone, living));
  await writeRecord(state, recordOf(someId, join(state, 'kernels', other), gone, living), other);
  assert.deepEqual(await idsIn(state), []);
  assert.deepEqual((await readdir(join(state, 'kernels'))).sort(), [someId, other]);
});

test('a home that has two names keeps its kernels under either, and works in the one that was looked at', async (t) => {
  const top = await temporaryFolder(t);
  const state = join(top, 'home', 'state');
  await mkdir(state, { recursive: true, mode: 0o700 });
  await symlink('home', join(top, 'other-name'));
  const said = join(top, 'other-name', 'state', 'kernels', someId);
  await writeRecord(state, recordOf(someId, said, await startLiving(t), undefined));
  const [found] = await findKernels([state], 'now', silentLogger);
  assert.equal(found?.record.order.stateFolder, join(state, 'kernels', someId));
});

test('a place that cannot be read keeps no kernel elsewhere from being found', async (t) => {
  const [broken, state] = [await temporaryFolder(t), await temporaryFolder(t)];
  await writeFile(join(broken, 'kernels'), 'a file where a folder should be');
  await writeRecord(state, recordOf(someId, join(state, 'kernels', someId), await startLiving(t), undefined));
  assert.deepEqual(await idsIn(broken, state), [someId]);
});

test('the sockets of kernels that have ended are removed with their records, and nothing else', async (t) => {
  const [state, sockets] = [await temporaryFolder(t), await temporaryFolder(t)];
  const cases = [
    ['00000000-0000-4000-8000-00000000000a', 'aaaaaaaaaaaa', 'now'],
    ['00000000-0000-4000-8000-00000000000b', 'bbbbbbbbbbbb', 'before'],
  ] as const;
  for (const [id, prefix, bootId] of cases) {
    const record = recordOf(id, join(state, 'kernels', id), gone, gone, bootId);
    await writeRecord(state, { ...record, socket: join(sockets, `${prefix}.sock`) });
    for (const name of [`${prefix}.sock`, `${prefix}-1`, `${prefix}-5`]) {
      const server = createServer();
      await listenOn(server, join(sockets, `listening-${name}`));
      // Under another name it stays when its server ends, as one does whose process was killed.
      await rename(join(sockets, `listening-${name}`), join(sockets, name));
      server.close();
    }
    await writeFile(join(sockets, `${prefix}-2`), 'no socket');
  }
  assert.deepEqual(await idsIn(state), []);
  assert.deepEqual((await readdir(sockets)).sort(), ['aaaaaaaaaaaa-2', 'bbbbbbbbbbbb-2']);
  assert.deepEqual(await readdir(join(state, 'kernels')), []);
});

test('a kernel that its keeper had no time to record is ended with its record; what else names its file stays', async (t) => {
  const state = await temporaryFolder(t);
  const folder = join(state, 'kernels', someId);
  await writeRecord(state, recordOf(someId, folder, gone, undefined));
  const words = ['-e', 'setInterval(() => {}, 1000)', 'kernel', '-f', join(folder, `kernel-${someId}.json`)];
  const [kernel, reader] = [true, false].map((detached) =>
    spawn(process.execPath, words, { detached, stdio: 'ignore' }),
  );
  t.after(() => reader?.kill('SIGKILL'));
  t.after(() => kernel?.kill('SIGKILL'));
  assert.deepEqual(await idsIn(state), []);
  const isOver = async () => ((await processStartTime(kernel?.pid ?? 0)) === undefined ? true : undefined);
  await until(isOver, withDeadline(5000, 'the end of the kernel'));
  assert.notEqual(await processStartTime(reader?.pid ?? 0), undefined);
  assert.deepEqual(await readdir(join(state, 'kernels')), []);
});
