import { randomBytes } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors';
import {
  ensurePrivateFolder,
  readFileIfPresent,
  toStorageError,
  UnusableFileError,
} from '../platform/private-files';

/**
 * The daemon's id in that folder: 32 hexadecimal digits, made at the first call and the same ever after. Throws an {@link UnusableFileError} when the file
 * holds something else: making another id by ourselves would make a host that people know a stranger.
 */
export async function openDaemonId(folder: string): Promise<string> {
  await ensurePrivateFolder(folder);
  const path = join(folder, 'daemon-id');
  if ((await readFileIfPresent(path)) === undefined) await make(path);
  const id = (await readFile(path, 'utf8')).trim();
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new UnusableFileError(`${path} does not hold the id of a daemon; remove it to make another`);
  return id;
}

/** Written whole under another name and then linked, so that of two first starts at once both read the same id. */
async function make(path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(16).toString('hex')}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await link(temporary, path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw toStorageError(error, path);
  } finally {
    await unlink(temporary).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    });
  }
}
