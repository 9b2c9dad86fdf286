import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { systemErrorCode, toError } from '../../../base/errors';
import { WireError } from '../../../protocol/errors';

/** Replaces a leading `~` by the home folder, as a shell does. */
export function expandHome(path: string, homeFolder: string): string {
  if (path === '~') return homeFolder;
  return path.startsWith('~/') ? join(homeFolder, path.slice(2)) : path;
}

/** Where everything starts that asks for no other folder. */
export interface LoginFolder {
  readonly folder: string;
  /** Why it is not the home, in the words of sshd. */
  readonly problem?: string;
}

/** The home folder, or `/` where there is none or its user may not enter it, as after a login by ssh. */
export async function findLoginFolder(homeFolder: string): Promise<LoginFolder> {
  const fault = await findFolderFault(homeFolder);
  if (fault === undefined) return { folder: homeFolder };
  return { folder: '/', problem: `Could not chdir to home directory ${homeFolder}: ${fault}` };
}

/** Why this process cannot have that folder as its working directory. */
async function findFolderFault(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return 'Not a directory';
    await access(path, constants.X_OK);
    return undefined;
  } catch (error) {
    switch (systemErrorCode(error)) {
      case 'ENOENT':
        return 'No such file or directory';
      case 'EACCES':
      case 'EPERM':
        return 'Permission denied';
      default:
        return toError(error).message;
    }
  }
}

/**
 * The folder that a client of ours asks for; that of {@link findLoginFolder} when it asks for none. Throws {@link WireError} `folder-not-found` for
 * one that is not there or that the user may not enter.
 */
export async function readWorkingDirectory(path: string | undefined, homeFolder: string): Promise<string> {
  if (path === undefined || path === '') return (await findLoginFolder(homeFolder)).folder;
  const folder = expandHome(path, homeFolder);
  if (!isAbsolute(folder))
    throw new WireError('folder-not-found', `the working directory ${path} is not an absolute path`);
  const fault = await findFolderFault(folder);
  if (fault === 'Permission denied')
    throw new WireError('folder-not-found', `you may not enter the folder ${folder} on this host`);
  if (fault !== undefined)
    throw new WireError('folder-not-found', `there is no folder ${folder} on this host`);
  return resolve(folder);
}

/**
 * The folder for the path of a notebook as Jupyter clients send it, relative to the root, which is the home folder: the folder itself or the
 * notebook's folder, and where that does not exist here the nearest one above, as `jupyter_server` does for hosts that do not share files.
 */
export async function folderForApiPath(path: string | undefined, homeFolder: string): Promise<string> {
  const root = resolve(homeFolder);
  // As from the root of a file system, so that no number of `..` leads above the home folder.
  let folder = resolve(join(root, normalize(`/${path ?? ''}`)));
  while (folder !== root && !(await isFolder(folder))) folder = dirname(folder);
  return folder === root ? (await findLoginFolder(root)).folder : folder;
}

/** Whether there is a folder, or a link to one, at this path. */
export async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
