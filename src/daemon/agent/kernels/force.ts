import type { Logger } from '../../../base/logger';
import type { KeeperRecord } from '../../../protocol/keeper';
import { isSameProcess, signalGroup, signalProcess } from '../../platform/processes';
import { endUnrecorded } from './leftovers';
import { readRecord, removeKernel } from './records';

/** Kills what a record names, if it still is the same process, and removes the record. For a keeper that does not do it itself. */
export async function endByForce(recordFolder: string, logger: Logger): Promise<void> {
  const record = await readRecord(recordFolder);
  if (record === undefined) {
    await endUnrecorded(recordFolder, logger);
    return;
  }
  await endProcessesOf(record);
  await removeKernel(record, 'the kernel was ended by force', logger);
}

/** Kills the keeper and the kernel that a record names, if they still are the same processes. */
export async function endProcessesOf({ kernel, keeperPid, keeperStartTime }: KeeperRecord): Promise<void> {
  // The keeper first: it would otherwise report the kernel's end, or start it again.
  if (await isSameProcess({ pid: keeperPid, startTime: keeperStartTime }))
    signalProcess(keeperPid, 'SIGKILL');
  if (
    kernel !== undefined &&
    (await isSameProcess({ pid: kernel.pid, startTime: kernel.processStartTime }))
  ) {
    // The kernel leads a group of its own; where it does not, it is killed alone.
    if (!signalGroup(kernel.pid, 'SIGKILL')) signalProcess(kernel.pid, 'SIGKILL');
  }
}
