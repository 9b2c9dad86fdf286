import { lstat, opendir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, toError } from '../../../base/errors';
import { left, type Remains } from './remains';

/** What the daemon keeps the folders of users in, in its folder of what runs. */
const usersFolder = 'users';

/** Far more than a door needs, and no more than root's memory holds. */
const maxNames = 100_000;

/**
 * Removes the folder in which the daemon has its sockets. The folders of users in it belong to them and their processes may still run, so nothing that
 * lies deeper is ever touched: between a look into a folder and the removal of what was seen there, its owner can put a link to anywhere in its
 * place. What is removed stands directly in a folder whose own place only root can change, and the removal of a name follows no link. Resolves with
 * each folder that has to stay because its user made folders in it, or has mounted something there, which root can neither remove nor, as often, see.
 */
export async function removeRunFolder(run: string): Promise<readonly Remains[]> {
  if (!(await isFolder(run))) return [];
  const users = join(run, usersFolder);
  const remains: Remains[] = [];
  if (await isFolder(users)) {
    for (const name of await namesIn(users)) remains.push(...(await removeFolderOfUser(join(users, name))));
  }
  const faults = await removeNamesIn(run);
  if (!(await removeName(run)) && remains.length === 0)
    remains.push(
      faults[0] === undefined ? left(`${run} stays: others have put files there`) : toFault(run, faults[0]),
    );
  return remains;
}

async function removeFolderOfUser(folder: string): Promise<readonly Remains[]> {
  const faults: Error[] = [];
  try {
    if (await isFolder(folder)) faults.push(...(await removeNamesIn(folder)));
    if (await removeName(folder)) return [];
  } catch (error) {
    faults.push(toError(error));
  }
  const [fault] = faults;
  if (fault === undefined)
    return [left(`${folder} stays: its user has put folders there; look at them before you remove them`)];
  return [toFault(folder, fault)];
}

function toFault(folder: string, { message }: Error): Remains {
  const words = `${folder} stays: ${message}; if something is mounted there, which shows in /proc/self/mountinfo, unmount it`;
  return { words, isFault: true };
}

/** Resolves with what kept names from being removed, when it is not that they are folders with something in them. */
async function removeNamesIn(folder: string): Promise<readonly Error[]> {
  const faults: Error[] = [];
  for (const name of await namesIn(folder)) {
    try {
      await removeName(join(folder, name));
    } catch (error) {
      faults.push(toError(error));
    }
  }
  return faults;
}

/** Removes a file, a link, a socket or an empty folder. Whether it is gone; rejects where the system says something else than that it is not empty. */
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
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
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
