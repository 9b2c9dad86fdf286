import { createHash, randomBytes } from 'node:crypto';
import { lstat, realpath, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode, toError } from '../../base/errors';
import { ensurePrivateFolder } from './private-files';
import { canHoldSockets } from './sockets';

/** Where one user's state can be on one machine. The first is the usual one; the second is for homes that cannot be used. */
export interface StateFolderCandidates {
  readonly sockets: readonly string[];
  readonly state: readonly string[];
}

/** The folders that are used. Both exist and are 0700. */
export interface StateFolders {
  /** Records, logs, preferences. */
  readonly state: string;
  /** Sockets with short paths. */
  readonly sockets: string;
  /** Set when a folder outside the home had to be taken for the state, which does not outlive a restart of the machine. */
  readonly problem?: string;
}

/**
 * The places in the order in which they are tried. Never below `XDG_RUNTIME_DIR`, which is emptied at logout while kernels run on. The folder
 * in `/tmp` is named by the home as well, so that two homes of one user id (containers, tests) stay apart.
 */
export async function listStateFolders(user: {
  readonly homeFolder: string;
  readonly uid?: number;
  readonly machineHash: string;
}): Promise<StateFolderCandidates> {
  const short = user.machineHash.slice(0, 8);
  const home = await realpath(user.homeFolder).catch(() => user.homeFolder);
  const homeHash = createHash('sha256').update(`${user.machineHash}\0${home}`).digest('hex').slice(0, 8);
  const temporary = join('/tmp', `remote-kernels-${user.uid ?? 0}`);
  return {
    sockets: [join(user.homeFolder, '.remote-kernels', short), join(temporary, homeHash)],
    state: [
      join(user.homeFolder, '.local', 'state', 'remote-kernels', user.machineHash),
      join(temporary, homeHash, 'state'),
    ],
  };
}

/**
 * Makes or checks the folders. Rejects only when neither the home nor `/tmp` can be used, or when the place in `/tmp` is a link or belongs to
 * somebody else: the message then says what is in the way.
 */
export async function openStateFolders(candidates: StateFolderCandidates): Promise<StateFolders> {
  const problems: string[] = [];
  const sockets = await firstUsable(candidates.sockets, problems, canHoldSockets);
  if (sockets === undefined)
    throw new Error(`there is no place for the agent's sockets: ${problems.join('; ')}`);
  const stateProblems: string[] = [];
  const state = await firstUsable(candidates.state, stateProblems, canBeWritten);
  if (state === undefined)
    throw new Error(`there is no place for the agent's state: ${stateProblems.join('; ')}`);
  const problem = stateProblems[0];
  return { state, sockets, ...(problem === undefined ? {} : { problem }) };
}

/**
 * Whether a folder is this user's alone, so that what answers on a socket inside and what is written in a file there is this user's too. A link
 * in its place, another owner or open permissions make it untrusted, and so does any of these of a folder of ours in `/tmp` above it: whoever
 * owns that one could swap what is inside. An absent folder is simply not there.
 */
export async function isPrivateFolder(path: string): Promise<boolean> {
  for (const folder of [...foldersInTemporary(path), path]) {
    if (!(await isAlonePrivate(folder))) return false;
  }
  return true;
}

async function isAlonePrivate(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) return false;
  const uid = process.getuid?.();
  return uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0);
}

async function firstUsable(
  paths: readonly string[],
  problems: string[],
  isUsable: (path: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await ensurePrivateParents(path);
      await ensurePrivateFolder(path);
      if (await isUsable(path)) return path;
      problems.push(`${path} cannot be used`);
    } catch (error) {
      problems.push(toError(error).message);
    }
  }
  return undefined;
}

/**
 * Whether files can be made here, now or once there is room again: a full disk does not send the state elsewhere, since what is kept here
 * already is still needed.
 */
async function canBeWritten(folder: string): Promise<boolean> {
  const trial = join(folder, `.trial-${randomBytes(4).toString('hex')}`);
  try {
    await writeFile(trial, '', { flag: 'wx', mode: 0o600 });
    await unlink(trial);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    return code === 'ENOSPC' || code === 'EDQUOT';
  }
}

/** In `/tmp` anybody can make our folder first, so the ones above are checked as strictly as the one that is used. */
async function ensurePrivateParents(path: string): Promise<void> {
  for (const folder of foldersInTemporary(path)) await ensurePrivateFolder(folder);
}

/** The folders above a path from ours in `/tmp` on, the outermost first; none for a path elsewhere. */
function foldersInTemporary(path: string): string[] {
  const match = /^\/tmp\/remote-kernels-\d+(?=\/)/.exec(path);
  if (match === null) return [];
  const folders: string[] = [];
  for (let folder = dirname(path); folder.length >= match[0].length; folder = dirname(folder))
    folders.unshift(folder);
  return folders;
}
