import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { systemErrorCode } from '../../../base/errors';
import { WireError } from '../../../protocol/errors';
import type { Folders } from '../../../protocol/agent';
import { expandHome, isFolder } from '../kernels/working-directory';

const maxFolders = 2000;

/** The folders inside a folder, for a picker: by name, hidden ones last, links to folders among them. Throws {@link WireError} `folder-not-found`. */
export async function listFolders(path: string, homeFolder: string): Promise<Folders> {
  const folder = normalize(expandHome(path, homeFolder));
  if (!isAbsolute(folder))
    throw new WireError('bad-request', 'the path of a folder is absolute or begins with ~');
  const clean = folder.length > 1 ? folder.replace(/\/+$/, '') : folder;
  const names = await readFolderNames(clean);
  const parent = dirname(clean);
  return {
    path: clean,
    ...(parent === clean ? {} : { parent }),
    folders: names.slice(0, maxFolders).map((name) => ({ name, path: join(clean, name) })),
    isTruncated: names.length > maxFolders,
  };
}

async function readFolderNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readEntries(folder)) {
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(join(folder, entry.name)))))
      names.push(entry.name);
  }
  const order = new Intl.Collator('en', { numeric: true });
  const rank = (name: string) => (name.startsWith('.') ? 1 : 0);
  return names.sort((a, b) => rank(a) - rank(b) || order.compare(a, b));
}

async function readEntries(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    switch (systemErrorCode(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        throw new WireError('folder-not-found', `there is no folder ${folder} on this host`);
      case 'EACCES':
      case 'EPERM':
        throw new WireError('folder-not-found', `you may not look into ${folder}`);
      default:
        throw error;
    }
  }
}
