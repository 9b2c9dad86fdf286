import { constants, type Stats } from 'node:fs';
import { access, lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { systemErrorCode } from '../../../base/errors';

/** Why a file or folder could not be looked at. `denied` means that permissions forbid it. */
export interface Fault {
  readonly fault: 'absent' | 'denied' | 'failed';
  /** The system's code, such as `EACCES`. */
  readonly code: string;
}

/** What `stat` says, as far as environments need it. */
export interface FileFacts {
  readonly type: 'file' | 'folder' | 'link' | 'other';
  readonly uid: number;
  readonly mode: number;
  readonly sizeBytes: number;
  /** When content or attributes last changed, milliseconds since the epoch. */
  readonly changedAtMs: number;
  /** The same as long as it is the same file or folder, whatever happens to its content. */
  readonly identity: string;
  /** Differs whenever the file was replaced, its content or its permissions changed. */
  readonly stamp: string;
}

/** One name in a folder. A link is a `link` whatever it leads to. */
export interface FolderEntry {
  readonly name: string;
  readonly type: FileFacts['type'];
}

/** The file system as the catalog reads it. Nothing here throws for what a disk may hold: faults are values. */
export interface Files {
  /** Follows links. */
  stat(path: string): Promise<FileFacts | Fault>;
  /** Does not follow links. */
  lstat(path: string): Promise<FileFacts | Fault>;
  list(path: string): Promise<readonly FolderEntry[] | Fault>;
  /** The first `maxBytes` of a file. */
  read(path: string, maxBytes: number): Promise<Buffer | Fault>;
  /** The path with every link resolved. */
  realpath(path: string): Promise<string | Fault>;
  readlink(path: string): Promise<string | Fault>;
  canWrite(path: string): Promise<boolean>;
  canExecute(path: string): Promise<boolean>;
}

/** Whether the answer is a fault. */
export function isFault(answer: unknown): answer is Fault {
  return typeof answer === 'object' && answer !== null && 'fault' in answer;
}

/** The text of a file's beginning, or `undefined` when it cannot be read. */
export async function readText(files: Files, path: string, maxBytes: number): Promise<string | undefined> {
  const content = await files.read(path, maxBytes);
  return isFault(content) ? undefined : content.toString('utf8');
}

/** The names in a folder; none when it cannot be listed. */
export async function listNames(files: Files, path: string): Promise<string[]> {
  const entries = await files.list(path);
  return isFault(entries) ? [] : entries.map((entry) => entry.name);
}

/** The real file system. */
export const systemFiles: Files = {
  stat: (path) => attempt(async () => toFacts(await stat(path))),
  lstat: (path) => attempt(async () => toFacts(await lstat(path))),
  list: (path) =>
    attempt(async () =>
      (await readdir(path, { withFileTypes: true })).map((entry) => ({
        name: entry.name,
        type: toType(entry),
      })),
    ),
  read: (path, maxBytes) => attempt(() => readStart(path, maxBytes)),
  realpath: (path) => attempt(() => realpath(path)),
  readlink: (path) => attempt(() => readlink(path)),
  canWrite: async (path) => !isFault(await attempt(() => access(path, constants.W_OK))),
  canExecute: async (path) => !isFault(await attempt(() => access(path, constants.X_OK))),
};

async function attempt<T>(task: () => Promise<T>): Promise<T | Fault> {
  try {
    return await task();
  } catch (error) {
    return toFault(systemErrorCode(error) ?? 'UNKNOWN');
  }
}

function toFault(code: string): Fault {
  if (code === 'ENOENT' || code === 'ENOTDIR') return { fault: 'absent', code };
  if (code === 'EACCES' || code === 'EPERM') return { fault: 'denied', code };
  return { fault: 'failed', code };
}

/** Never opens what could block, such as a named pipe: `O_NONBLOCK`, and only plain files are read. */
async function readStart(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw Object.assign(new Error('not a plain file'), { code: 'EINVAL' });
    const buffer = Buffer.alloc(Math.min(maxBytes, Math.max(facts.size, 4096)));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function toFacts(facts: Stats): FileFacts {
  const changedAtMs = Math.max(facts.mtimeMs, facts.ctimeMs);
  return {
    type: toType(facts),
    uid: facts.uid,
    mode: facts.mode,
    sizeBytes: facts.size,
    changedAtMs,
    identity: `${facts.dev}:${facts.ino}`,
    stamp: `${facts.dev}:${facts.ino}:${facts.mtimeMs}:${facts.ctimeMs}:${facts.size}`,
  };
}

function toType(entry: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): FileFacts['type'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
