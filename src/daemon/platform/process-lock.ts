import { randomBytes } from 'node:crypto';
import { lutimes, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { systemErrorCode } from '../../base/errors';
import { isSameProcess, processStartTime, type ProcessIdentity } from './processes';

/** Who holds a lock: a process id counts only together with the process's start time and the boot of the machine. */
export interface LockHolder extends ProcessIdentity {
  readonly bootId: string;
}

/** Makes sure that one process at a time does a thing, also on file systems without advisory locks and when a holder was killed. */
export interface ProcessLock {
  /** Whether the lock is still ours; false when somebody removed or replaced it. Renews its time, so that a cleaner of `/tmp` leaves it. */
  isStillOurs(): Promise<boolean>;
  /** Gives it up. */
  release(): Promise<void>;
}

/** Describes this process as the holder of a lock. */
export async function describeOwnProcess(bootId: string): Promise<LockHolder> {
  const startTime = await processStartTime(process.pid);
  if (startTime === undefined) throw new Error('this process cannot read its own start time');
  return { pid: process.pid, startTime, bootId };
}

/**
 * Takes the lock at this path, or gives the living process that has it. The folder must be one that only this user can write to.
 *
 * The lock is a symbolic link whose target is text that names its holder: making one is atomic and exclusive everywhere, and there is no moment at
 * which it exists without content. A dead holder's lock is replaced by a rename, and only by the process that first took the *inheritance*, a
 * second lock named after that holder, and then still found the dead holder's text in place: so of any number of processes exactly one
 * inherits, and a slow one cannot remove what a fast one has just taken.
 */
export async function takeProcessLock(path: string, own: LockHolder): Promise<ProcessLock | LockHolder> {
  const text = formatHolder(own);
  const holder = await take(path, text, own, 0);
  if (holder !== undefined) return holder;
  return {
    async isStillOurs() {
      if ((await readHolderText(path)) !== text) return false;
      const now = new Date();
      await lutimes(path, now, now);
      return true;
    },
    async release() {
      if ((await readHolderText(path)) === text) await unlink(path);
    },
  };
}

/** Tells the two results of {@link takeProcessLock} apart. */
export function isLockHolder(result: ProcessLock | LockHolder): result is LockHolder {
  return 'pid' in result;
}

/** The process that has the lock at this path, alive or not; nothing when nobody has it. */
export async function readLockHolder(path: string): Promise<LockHolder | undefined> {
  const text = await readHolderText(path);
  return text === undefined ? undefined : parseHolder(text);
}

/** Resolves with nothing when the lock is taken, otherwise with its holder. */
async function take(
  path: string,
  text: string,
  own: LockHolder,
  depth: number,
): Promise<LockHolder | undefined> {
  for (;;) {
    if (await makeTextLink(text, path)) return undefined;
    const found = await readHolderText(path);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (holder !== undefined && (await isHolderAlive(holder, own.bootId))) return holder;
    // Each generation of an inheritance needs another process to die within the same few milliseconds.
    if (depth > 20) throw new Error(`${path} cannot be taken over`);
    const inheritance = `${path}.${holder === undefined ? 'unreadable' : String(holder.pid)}`;
    const inheritor = await take(inheritance, text, own, depth + 1);
    if (inheritor !== undefined) return inheritor;
    try {
      if ((await readHolderText(path)) !== found) continue;
      const fresh = `${path}.${randomBytes(8).toString('hex')}`;
      await symlink(text, fresh);
      await rename(fresh, path);
      return undefined;
    } finally {
      await unlink(inheritance);
    }
  }
}

/** Makes a link to nowhere whose target is this text, in one step; false when something is there already. */
export async function makeTextLink(text: string, path: string): Promise<boolean> {
  try {
    await symlink(text, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readHolderText(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** How a holder is written as the target of a link; {@link parseHolder} reads it. */
export function formatHolder(holder: LockHolder): string {
  return [holder.pid, holder.startTime, holder.bootId].join('|');
}

/** Reads what {@link formatHolder} wrote; `undefined` for anything else. */
export function parseHolder(text: string): LockHolder | undefined {
  const match = /^(\d{1,10})\|([^|]+)\|(.+)$/.exec(text);
  if (match?.[2] === undefined || match[3] === undefined) return undefined;
  return { pid: Number(match[1]), startTime: match[2], bootId: match[3] };
}

/** Whether that very process still runs, in the boot that this is. */
export async function isHolderAlive(holder: LockHolder, bootId: string): Promise<boolean> {
  return holder.bootId === bootId && (await isSameProcess(holder));
}
