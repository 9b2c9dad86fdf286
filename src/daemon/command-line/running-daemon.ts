import { join } from 'node:path';
import { readLockHolder } from '../platform/process-lock';
import { isSameProcess, readBootId } from '../platform/processes';

/** The process of the daemon that runs with this folder for its state, if there is one. */
export async function findRunningDaemon(stateFolder: string): Promise<number | undefined> {
  const holder = await readLockHolder(join(stateFolder, 'daemon.lock'));
  if (holder === undefined || holder.bootId !== (await readBootId())) return undefined;
  return (await isSameProcess(holder)) ? holder.pid : undefined;
}
