import { lstat, opendir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../base/errors';

/** What the daemon keeps the folders of users in, in its folder of what runs. */
const usersFolder = 'users';

/** Far more than a door needs, and no more than root's memory holds. */
const maxNames = 100_000;

/**
 * Removes the folder in which the daemon has its sockets. The folders of users in it belong to them and their processes may still run, so nothing that
 * lies deeper is ever touched: between a look into a folder and the removal of what was seen there, its owner can put a link to anywhere in its
 * place. What is removed stands directly in a folder whose own place only root can change, and the removal of a name follows no link. Resolves with
 * a sentence for each folder that has to stay because its user made folders in it.
 */
export async function removeRunFolder(run: string): Promise<readonly string[]> {
  if (!(await isFolder(run))) return [];
  const users = join(run, usersFolder);
  const left: string[] = [];
  if (await isFolder(users)) {
    for (const name of await namesIn(users)) {
      const folder = join(users, name);
      if (await isFolder(folder)) await removeNamesIn(folder);
      if (!(await removeName(folder)))
        left.push(`${folder} stays: its user has put folders there; look at them before you remove them`);
    }
  }
  await removeNamesIn(run);
  if (!(await removeName(run)) && left.length === 0) left.push(`${run} stays: others have put files there`);
  return left;
}

async function removeNamesIn(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) await removeName(join(folder, name));
}

/** Removes a file, a link, a socket or an empty folder. Whether it is gone. */
async function removeName(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return true;
    // Linux says EISDIR of a folder, others EPERM.
    if (code !== 'EISDIR' && code !== 'EPERM') throw error;
  }
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return true;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR' && code !== 'EBUSY') throw error;
    return false;
  }
}

/** The names as they are now; a user who goes on making others does not keep this from ending. */
async function namesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  const folder = await opendir(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  });
  for await (const { name } of folder ?? []) {
    names.push(name);
    if (names.length >= maxNames) break;
  }
  return names;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
