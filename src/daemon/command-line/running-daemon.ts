import { join } from 'node:path';
import { isHolderAlive, readLockHolder } from '../platform/process-lock';
import { readBootId } from '../platform/processes';

/** The process of the daemon that runs with this folder for its state, if there is one. */
export async function findRunningDaemon(stateFolder: string): Promise<number | undefined> {
  const holder = await readLockHolder(join(stateFolder, 'daemon.lock'));
  return holder !== undefined && (await isHolderAlive(holder, await readBootId())) ? holder.pid : undefined;
}
