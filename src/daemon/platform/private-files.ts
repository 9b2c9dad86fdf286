import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../base/errors';
import { WireError } from '../../protocol/errors';

/** A file or folder of this program's that is there and cannot be used as it is: another try ends the same way, until a person mends it. */
export class UnusableFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnusableFileError';
  }
}

/**
 * Makes a folder that only this user can enter, with its parents, or checks the one that is there: it must be a real folder (no link), ours,
 * and is made 0700. Throws a {@link WireError} `storage-full` or `storage-read-only` when the disk does not let us, and an
 * {@link UnusableFileError} when somebody else owns the place.
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  try {
    await makeFolders(path);
  } catch (error) {
    throw toStorageError(error, path);
  }
  const found = await lstat(path);
  if (!found.isDirectory())
    throw new UnusableFileError(`${path} is not a folder of its own (a link or a file is in the way)`);
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) throw new UnusableFileError(`${path} belongs to another user`);
  if (uid !== undefined && (found.mode & 0o777) !== 0o700) await chmod(path, 0o700);
}

/** Makes a folder and its parents. Node's own `recursive` says ENOENT where the truth is that the disk is read-only. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await makeFolders(path);
  }
}

/**
 * Writes a file of this user's only (0600), so that a reader sees the old content or all of the new: a fresh file beside it, then a rename.
 * Throws a {@link WireError} when the disk is full or read-only; the old content is then still there.
 */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(ignoreMissing);
    throw toStorageError(error, path);
  }
}

/** The text of a file, or `undefined` when there is none. Other errors are thrown. */
export async function readFileIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Turns a full or read-only disk into the wire's error for it; anything else stays as it is. */
export function toStorageError(error: unknown, path: string): unknown {
  switch (systemErrorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new WireError('storage-full', `the disk is full: ${path} could not be written`, undefined, {
        cause: error,
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new WireError('storage-read-only', `${path} cannot be written`, undefined, { cause: error });
    default:
      return error;
  }
}

function ignoreMissing(error: unknown): void {
  if (systemErrorCode(error) !== 'ENOENT') throw error;
}
