import assert from 'node:assert/strict';
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { claimKernel, removeClaims } from '../../../src/daemon/keeper/kernel-claim';
import { RecordFile } from '../../../src/daemon/keeper/record-file';
import { processStartTime, readBootId } from '../../../src/daemon/platform/processes';
import type { KeeperOrder } from '../../../src/protocol/keeper';
import { temporaryFolder } from '../../support/temporary-folder';

async function claimOf(pid: number): Promise<string> {
  return `${pid}|${(await processStartTime(pid)) ?? 'none'}|${await readBootId()}`;
}

test('a kernel that nobody has is claimed, and its claims can be removed', async (t) => {
  const folder = await temporaryFolder(t);
  assert.equal(await claimKernel(folder), true);
  assert.equal((await readdir(folder)).length, 1);
  await removeClaims(folder);
  assert.deepEqual(await readdir(folder), []);
});

test('a kernel that a living process has claimed is not given to another', async (t) => {
  const folder = await temporaryFolder(t);
  await symlink(await claimOf(process.ppid), join(folder, 'keeper.claim'));
  assert.equal(await claimKernel(folder), false);
  assert.equal((await readdir(folder)).length, 1);
});

test('after a process that has ended the claim to follow it decides', async (t) => {
  const folder = await temporaryFolder(t);
  const boot = await readBootId();
  const path = join(folder, 'keeper.claim');
  const mark = boot.replaceAll(/[^\w]+/g, '-');
  await symlink(`${process.ppid}|another start|${boot}`, path);
  const second = `${path}.${process.ppid}-another-start-${mark}`;
  await symlink(`${process.ppid}|yet another|${boot}`, second);
  assert.equal(await claimKernel(folder), true);
  await removeClaims(folder);
  await symlink(`${process.ppid}|another start|${boot}`, path);
  await symlink(await claimOf(process.ppid), second);
  assert.equal(await claimKernel(folder), false);
});

test('a claim that says nothing readable, or of another start of the machine, holds nobody back', async (t) => {
  const folder = await temporaryFolder(t);
  await symlink('nonsense', join(folder, 'keeper.claim'));
  const before = `${process.ppid}|${(await processStartTime(process.ppid)) ?? ''}|earlier`;
  await symlink(before, join(folder, 'keeper.claim.nonsense'));
  assert.equal(await claimKernel(folder), true);
});

test('a record of a kernel that another process is about to have is neither written nor removed', async (t) => {
  const folder = await temporaryFolder(t);
  await symlink(await claimOf(process.ppid), join(folder, 'keeper.claim'));
  const paths = { socket: join(folder, 'socket'), connectionFile: join(folder, 'connection') };
  const record = new RecordFile({ stateFolder: folder } as KeeperOrder, paths, silentLogger);
  const facts = { startedAt: '', restarts: 0, gaps: [], settings: {} };
  await assert.rejects(record.create(facts), /another keeper/);
  record.update(facts);
  await record.settled();
  await record.remove();
  assert.deepEqual(await readdir(folder), ['keeper.claim']);
});
