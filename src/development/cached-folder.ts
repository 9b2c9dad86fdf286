import { randomBytes } from 'node:crypto';
import {
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from '../base/errors';
import { delay } from '../base/time';

/** How to make a folder that is made once and used by every later run. */
export interface CachedFolder {
  /** The name of the folder in the cache; everything that changes its content (versions) belongs into it. */
  readonly name: string;
  /** Fills the folder. It keeps this path for good, so that scripts may name it in their first line. */
  build(folder: string): Promise<void>;
}

/** Where everything that tests and `npm start` make once is kept: outside the repository, so that a fresh clone finds it again. */
export function cacheRoot(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return join(
    cache === undefined || cache === '' ? join(homedir(), '.cache') : cache,
    'remote-kernels-tests',
  );
}

/**
 * The path of a finished folder, making it first if there is none. It is made under a name of its own and becomes visible by one rename of a
 * link, so that a half-made folder is never used. Of several processes one makes it and the others wait; one that died is taken over.
 */
export async function cachedFolder(wanted: CachedFolder, signal: AbortSignal): Promise<string> {
  const link = join(cacheRoot(), wanted.name);
  const ready = await finished(link);
  if (ready !== undefined) return ready;
  await mkdir(dirname(link), { recursive: true });
  const release = await lock(`${link}.lock`, signal);
  try {
    const meanwhile = await finished(link);
    if (meanwhile !== undefined) return meanwhile;
    await removeAbandoned(link);
    const folder = `${link}.${randomBytes(4).toString('hex')}`;
    await mkdir(folder);
    try {
      await wanted.build(folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    await symlink(basename(folder), `${folder}.link`);
    await rename(`${folder}.link`, link);
    return folder;
  } finally {
    await release();
  }
}

/** The folder behind the link, if both are there. */
async function finished(link: string): Promise<string | undefined> {
  try {
    const folder = join(dirname(link), await readlink(link));
    await stat(folder);
    return folder;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes what earlier attempts left: only the holder of the lock makes folders of this name, so none of them is in use. */
async function removeAbandoned(link: string): Promise<void> {
  const prefix = `${basename(link)}.`;
  for (const name of await readdir(dirname(link))) {
    if (!name.startsWith(prefix) || name.endsWith('.lock')) continue;
    await rm(join(dirname(link), name), { recursive: true, force: true });
  }
}

/**
 * A lock between processes: a folder that holds one file named after its owner. A waiter that finds the owner dead removes exactly that file and
 * the then empty folder; both fail when another waiter was first, so that nobody removes a lock that is in use.
 */
async function lock(folder: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const own = `${process.pid}-${(await processStart(process.pid)) ?? 'unknown'}`;
  for (;;) {
    signal.throwIfAborted();
    if (await tryLock(folder, own)) {
      return async () => {
        await ignoringMissing(unlink(join(folder, own)));
        await ignoringMissing(rmdir(folder));
      };
    }
    await removeDead(folder);
    await delay(200, signal);
  }
}

async function tryLock(folder: string, own: string): Promise<boolean> {
  try {
    await mkdir(folder);
    await writeFile(join(folder, own), '', { flag: 'wx' });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
  // An empty folder older than a few seconds counts as left by a dead owner, so a very slow owner can find that it is no longer alone.
  if ((await readdir(folder)).length === 1) return true;
  await ignoringMissing(unlink(join(folder, own)));
  return false;
}

async function removeDead(folder: string): Promise<void> {
  const owners = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (owners === undefined) return;
  for (const owner of owners) {
    const [pid, start] = owner.split('-');
    if ((await processStart(Number(pid))) === start) return;
    await ignoringMissing(unlink(join(folder, owner)));
  }
  if (owners.length === 0) {
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < 10_000) return;
  }
  await ignoringMissing(rmdir(folder));
}

/** Something that changes when a process id is used again; `undefined` for a process that has ended, also when nobody has reaped it yet. */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\)\s/s, '').split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    // No /proc on this system, or no such process: the id alone has to do.
    return isThere(pid) ? 'unknown' : undefined;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

async function ignoringMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error;
  }
}
