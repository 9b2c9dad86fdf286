import { chmod, lstat, rename, unlink, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { systemErrorCode, toError } from '../../base/errors';

/**
 * The longest path of a socket that we use. The system's own limits are 107 bytes on Linux and 103 on macOS; what is left covers systems
 * that count the closing zero and names that a program appends.
 */
export const maxSocketPathBytes = 100;

/** The longest name that is made inside a socket folder: 12 digits of a kernel's id with a suffix, or one of our own. */
export const longestSocketNameBytes = 24;

/** Whether sockets can live in this folder: their paths are short enough, the file system takes sockets, and there is room for a file. */
export async function canHoldSockets(folder: string): Promise<boolean> {
  if (Buffer.byteLength(folder) + 1 + longestSocketNameBytes > maxSocketPathBytes) return false;
  const trial = join(folder, `.trial-${randomBytes(4).toString('hex')}`);
  const server = createServer();
  try {
    await listenOn(server, trial);
    await writeFile(`${trial}.file`, 'trial', { flag: 'wx', mode: 0o600 });
    await unlink(`${trial}.file`);
    return true;
  } catch {
    // Whatever the reason (no sockets on this file system, read-only, full): this folder is not usable and the next one is tried.
    await unlink(`${trial}.file`).catch(ignore);
    return false;
  } finally {
    server.close();
    await unlink(trial).catch(ignore);
  }
}

/** Listens on the path and rejects with the system's error when that is not possible. The path must not exist. */
export function listenOn(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Removes what an ended process left at a socket's path. Refuses anything that is no socket, so that no file of a user is ever lost. */
export async function removeStaleSocket(path: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isSocket()) throw new Error(`${path} is in the way and is no socket`);
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/** Listens on a path that is this process's to use: removes a stale socket first and sets the mode. */
export async function listenPrivately(server: Server, path: string, mode: number): Promise<void> {
  await removeStaleSocket(path);
  await listenOn(server, path);
  await chmod(path, mode);
}

/** A socket that is recognised by its file, whatever else comes to its path later. */
export interface OwnSocket {
  /** Whether the path still leads to this socket. */
  isStillOurs(): Promise<boolean>;
  /** Removes the path if it still leads to this socket. */
  remove(): Promise<void>;
}

/**
 * Listens as {@link listenPrivately} does, for a path that another process may take over while this one still listens. A server removes its path
 * by name when it closes, whoever listens there by then; so this one is made under a passing name beside it and moved into place, with its mode,
 * and the caller removes it with what is returned.
 */
export async function listenReplaceably(server: Server, path: string, mode: number): Promise<OwnSocket> {
  const passing = join(dirname(path), `.${randomBytes(4).toString('hex')}.sock`);
  await listenOn(server, passing);
  let own: string;
  try {
    await chmod(passing, mode);
    own = (await fileIdentity(passing)) ?? '';
    await removeStaleSocket(path);
    await rename(passing, path);
  } catch (error) {
    server.close();
    throw error;
  }
  const isStillOurs = async () => (await fileIdentity(path)) === own;
  return {
    isStillOurs,
    async remove() {
      if (await isStillOurs()) await unlink(path);
    },
  };
}

/** Device and inode of what is at a path itself, not of what a link leads to. */
async function fileIdentity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await lstat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Connects to a socket. Both directions end on their own, as a pipe of bytes needs it. Rejects with the system's error or the signal's reason. */
export function connectTo(
  path: string,
  signal: AbortSignal,
  options: { readonly highWaterMark?: number } = {},
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = createConnection({ path, allowHalfOpen: true, ...options });
    const onAbort = () => {
      socket.destroy();
      reject(toError(signal.reason));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function ignore(): void {
  // Cleaning up after a trial: what is not there or cannot be removed is of no interest.
}
