import { lstat, readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemErrorCode } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { parseJson } from '../../../base/parse';
import { parseKeeperRecord, type KeeperRecord } from '../../../protocol/keeper';
import { readFileIfPresent } from '../../platform/private-files';
import { isSameProcess } from '../../platform/processes';
import { isPrivateFolder } from '../../platform/state-folders';
import { endUnrecorded, removeSockets } from './leftovers';

/** The folder of all kernels' folders inside a state folder. */
export function kernelsFolder(stateFolder: string): string {
  return join(stateFolder, 'kernels');
}

/** What a record that was found means now. */
export type FoundKernel =
  /** Its keeper runs. */
  | { readonly kind: 'kept'; readonly record: KeeperRecord }
  /** Its keeper is gone and the kernel runs on. */
  | { readonly kind: 'orphaned'; readonly record: KeeperRecord }
  /** Neither runs. */
  | { readonly kind: 'ended'; readonly record: KeeperRecord };

/** A folder without a readable record is left alone for that long: its keeper may be about to write it. */
const unfinishedFolderMs = 10 * 60_000;

/**
 * Looks at every kernel's record in these state folders. What another boot of the machine left, and what nobody can read, is removed. A record is
 * an order to run programs and end processes, so a folder that is not this user's alone is never looked into.
 */
export async function findKernels(
  stateFolders: readonly string[],
  bootId: string,
  logger: Logger,
): Promise<FoundKernel[]> {
  const found: FoundKernel[] = [];
  for (const stateFolder of stateFolders) {
    try {
      found.push(...(await findKernelsIn(stateFolder, bootId, logger)));
    } catch (error) {
      logger.error(`kernels in ${stateFolder} cannot be found`, error);
    }
  }
  return found;
}

async function findKernelsIn(stateFolder: string, bootId: string, logger: Logger): Promise<FoundKernel[]> {
  if (!(await isPrivateFolder(stateFolder))) {
    if ((await lstat(stateFolder).catch(() => undefined)) !== undefined)
      logger.warn(`${stateFolder} is not this user's alone; what it says of kernels is not believed`);
    return [];
  }
  const found: FoundKernel[] = [];
  for (const name of await listNames(kernelsFolder(stateFolder))) {
    const folder = join(kernelsFolder(stateFolder), name);
    try {
      const kernel = await readKernel(folder, bootId, logger);
      if (kernel?.kind === 'ended')
        await removeKernel(kernel.record, 'neither the kernel nor its keeper runs', logger);
      else if (kernel !== undefined) found.push(kernel);
    } catch (error) {
      logger.error(`the record in ${folder} cannot be used`, error);
    }
  }
  return found;
}

/** Reads one kernel's record as it is now; nothing when there is none. Throws when it speaks of another kernel or of another folder. */
export async function readRecord(folder: string): Promise<KeeperRecord | undefined> {
  const text = await readFileIfPresent(join(folder, 'record.json'));
  if (text === undefined) return undefined;
  const record = parseJson(text, parseKeeperRecord);
  if (!record.ok) return undefined;
  const { order } = record.value;
  if (order.kernelId !== basename(folder)) throw new Error(`it says that it is of kernel ${order.kernelId}`);
  if (order.stateFolder === folder) return record.value;
  // The same folder by another name of the home. What is done later is done in the one that was looked at, whatever the other name leads to then.
  const [said, found] = await Promise.all([order.stateFolder, folder].map(resolveFolder));
  if (said !== found) throw new Error(`it says that it is in ${order.stateFolder}`);
  return { ...record.value, order: { ...order, stateFolder: folder } };
}

/** Which of the two processes of a record still run. */
export async function judgeRecord(record: KeeperRecord): Promise<FoundKernel> {
  if (await isSameProcess({ pid: record.keeperPid, startTime: record.keeperStartTime }))
    return { kind: 'kept', record };
  const kernel = record.kernel;
  const runs =
    kernel !== undefined && (await isSameProcess({ pid: kernel.pid, startTime: kernel.processStartTime }));
  return { kind: runs ? 'orphaned' : 'ended', record };
}

/**
 * Removes everything of a kernel that has ended together with its keeper: its folder, its sockets, and a process that the keeper started last and
 * had no time to record.
 */
export async function removeKernel(record: KeeperRecord, why: string, logger: Logger): Promise<void> {
  await endUnrecorded(record.order.stateFolder, logger);
  await removeSockets(record, logger);
  await removeRecord(record.order.stateFolder, why, logger);
}

/** Removes a kernel's folder. A disk that does not let us is said in the log; the next start tries again. */
async function removeRecord(folder: string, why: string, logger: Logger): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
    logger.info(`removed the record in ${folder}: ${why}`);
  } catch (error) {
    logger.error(`the record in ${folder} could not be removed`, error);
  }
}

async function readKernel(folder: string, bootId: string, logger: Logger): Promise<FoundKernel | undefined> {
  const record = await readRecord(folder);
  if (record === undefined) {
    const age = Date.now() - (await stat(folder)).mtimeMs;
    if (age > unfinishedFolderMs) await removeRecord(folder, 'there is no readable record in it', logger);
    return undefined;
  }
  if (record.bootId !== bootId) {
    await removeSockets(record, logger);
    await removeRecord(folder, 'the machine was started again since', logger);
    return undefined;
  }
  return judgeRecord(record);
}

async function resolveFolder(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
