import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { WireError } from '../../../protocol/errors';

/** Replaces a leading `~` by the home folder, as a shell does. */
export function expandHome(path: string, homeFolder: string): string {
  if (path === '~') return homeFolder;
  return path.startsWith('~/') ? join(homeFolder, path.slice(2)) : path;
}

/** The folder that a client of ours asks for; the home folder when it asks for none. Throws {@link WireError} `folder-not-found`. */
export async function readWorkingDirectory(path: string | undefined, homeFolder: string): Promise<string> {
  if (path === undefined || path === '') return homeFolder;
  const folder = expandHome(path, homeFolder);
  if (!isAbsolute(folder))
    throw new WireError('folder-not-found', `the working directory ${path} is not an absolute path`);
  if (!(await isFolder(folder)))
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
  return folder;
}

/** Whether there is a folder, or a link to one, at this path. */
export async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
