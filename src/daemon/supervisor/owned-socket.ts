import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { kindOfFile } from '../platform/kind-of-file';
import { connectTo } from '../platform/sockets';

/** `O_PATH` of Linux (open(2)), which Node does not name: the file itself, without opening what it leads to. */
const pathOnly = 0o10000000;

/**
 * Connects to a socket in a folder that another user can change, and only to one of that user's: not through a link, which could lead root to a socket that
 * the user cannot reach, and without a moment between the look and the connection in which the file could become another one. Rejects otherwise.
 */
export async function connectToOwned(path: string, uid: number, signal: AbortSignal): Promise<Socket> {
  const file = await open(path, pathOnly | constants.O_NOFOLLOW);
  try {
    const found = await file.stat();
    if (!found.isSocket())
      throw new Error(
        `${path} is ${kindOfFile(found)} and not the socket of this user's agent; it was not used`,
      );
    if (found.uid !== uid)
      throw new Error(`${path} belongs to another user (${found.uid}) and not to ${uid}; it was not used`);
    return await connectTo(`/proc/self/fd/${file.fd}`, signal);
  } finally {
    await file.close();
  }
}
