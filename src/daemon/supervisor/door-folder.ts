import { rmdirSync } from 'node:fs';
import { chmod, lchown, lstat, mkdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '../../base/errors';

/** Whose folder of a door it is. */
export interface DoorFolderOwner {
  readonly uid: number;
  /** The group of the front door, which may pass through the folder and not list it. */
  readonly frontDoorGid: number;
}

/**
 * Makes the folder in which the agent of a user opens its door, or checks the one that is there: the user's, group of the front door, 2710, so that a
 * socket made inside is of that group. Its parent is root's alone (made 0711 here), so nobody can put another file in the folder's place between a
 * look and a change. A link or a file there is removed; a folder of somebody else is not, and the promise rejects.
 */
export async function ensureDoorFolder(path: string, owner: DoorFolderOwner): Promise<void> {
  await ensureParent(dirname(path));
  if (await makeFolder(path)) {
    await hand(path, owner);
    return;
  }
  const found = await lstat(path);
  if (!found.isDirectory()) {
    await unlink(path);
    await mkdir(path, { mode: 0o700 });
  } else if (found.uid !== owner.uid && found.uid !== ownUid())
    throw new Error(`${path} belongs to user ${found.uid} and not to ${owner.uid}; remove it`);
  await hand(path, owner);
}

/**
 * Removes the folder of a door if nothing is in it. At once, so that nobody can begin to make it anew between a decision to do without it and its end. One
 * that is in use or cannot be removed stays, and is there when it is needed again.
 */
export function removeDoorFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // In use, gone already, or not to be removed: the next door of this user takes what is there, or says what is wrong with it.
  }
}

/** The mode comes last: changing the owner can clear bits of it. */
async function hand(path: string, { uid, frontDoorGid }: DoorFolderOwner): Promise<void> {
  await lchown(path, uid, frontDoorGid);
  await chmod(path, 0o2710);
}

async function ensureParent(path: string): Promise<void> {
  await makeFolder(path);
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a folder`);
  if (found.uid !== ownUid()) throw new Error(`${path} belongs to another user than root`);
  if ((found.mode & 0o7777) !== 0o711) await chmod(path, 0o711);
}

/** Whether it was made, and not there before. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}
