import { readdir, readlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors';
import { toStorageError } from '../platform/private-files';
import {
  formatHolder,
  isHolderAlive,
  makeTextLink,
  parseHolder,
  type LockHolder,
} from '../platform/process-lock';
import { processStartTime, readBootId } from '../platform/processes';

const claimName = 'keeper.claim';

/**
 * Claims the kernel of this folder for this process. A claim is a symbolic link to nowhere that names its process: it is made in one step or
 * not at all. Whoever comes after a process that has ended claims to follow that very process, under a name that no other process gives, so
 * that of several which come at once one is first, and no claim is ever replaced. Resolves with whether this process is the one. Throws a
 * `WireError` when the disk is full or read-only.
 */
export async function claimKernel(folder: string): Promise<boolean> {
  const own: LockHolder = {
    pid: process.pid,
    startTime: (await processStartTime(process.pid)) ?? '',
    bootId: await readBootId(),
  };
  for (let path = join(folder, claimName); ;) {
    if (await claim(formatHolder(own), path)) return true;
    const text = await readlink(path).catch(asMissing);
    // Its kernel is just being cleaned away.
    if (text === undefined) return false;
    const holder = parseHolder(text);
    if (holder !== undefined && (await isHolderAlive(holder, own.bootId))) return holder.pid === own.pid;
    path = join(folder, `${claimName}.${text.replaceAll(/[^\w]+/g, '-')}`);
  }
}

/** Removes all claims on a kernel that is no more. */
export async function removeClaims(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(asMissing)) ?? [];
  for (const name of names) if (name.startsWith(claimName)) await unlink(join(folder, name)).catch(asMissing);
}

async function claim(text: string, path: string): Promise<boolean> {
  try {
    return await makeTextLink(text, path);
  } catch (error) {
    throw toStorageError(error, path);
  }
}

function asMissing(error: unknown): undefined {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}
