import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { systemErrorCode } from '../../base/errors';
import { delay } from '../../base/time';
import { isUserNumber } from './user-numbers';

/** Together some seconds: a process that waits for a disk ends late, and one that starts others without pause is caught sooner or not at all. */
const maxPasses = 60;
const firstPauseMs = 5;
const longestPauseMs = 100;
/** One look alone can miss a process that was made while it was taken. */
const looksToBeSure = 2;

/**
 * Ends every process of that user (SIGKILL), whoever started it and whatever group or session it is in. Resolves with those that are there all the
 * same when it gives up: whoever wants to start a program that none of them may meddle with must not start it then.
 *
 * A process is the user's when any of its four numbers is (real, effective, saved, of the file system). One in a container of this machine, whose
 * accounts are others with the same numbers, is left alone: it sees other processes than we do, and can be more than one user. Who has no
 * capabilities, as a front door, gets away from our processes only through a user namespace of its own, and there it stays one user
 * (user_namespaces(7)).
 *
 * For root, and for a user of the system who runs nothing else. Throws for root's own number.
 */
export async function endProcessesOfUser(uid: number): Promise<readonly number[]> {
  if (!isUserNumber(uid) || uid === 0) throw new Error(`the processes of user ${uid} are not to be ended`);
  let [pauseMs, looksInVain, left] = [firstPauseMs, 0, [] as readonly number[]];
  for (let pass = 0; pass < maxPasses; pass += 1) {
    left = endOnce(uid);
    if (left.length === 0) {
      looksInVain += 1;
      if (looksInVain >= looksToBeSure || pass === 0) return [];
      continue;
    }
    looksInVain = 0;
    await delay(pauseMs);
    pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  }
  return left;
}

/**
 * Looks once, and gives those that it found. Without a pause between the look at a process and the signal, so that no other process has its number by then,
 * and the latest first, which are the ones that could be gone before it is their turn.
 */
function endOnce(uid: number): number[] {
  const found: number[] = [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of pids.map(Number).sort((one, other) => other - one)) {
    const status = readIfThere(`/proc/${pid}/status`);
    if (pid === process.pid || status === undefined || !isLiveProcessOf(status, uid) || isInContainer(pid))
      continue;
    found.push(pid);
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // Gone meanwhile, or not to be ended by us: the next look says which.
      if (systemErrorCode(error) === undefined) throw error;
    }
  }
  return found;
}

/**
 * Whether a process with this `/proc/<pid>/status` (proc(5)) runs as that user. One that has ended and was not waited for runs no more, unless it is only
 * its first thread that has ended. The first line holds the name that the process chose, and is not looked at.
 */
export function isLiveProcessOf(status: string, uid: number): boolean {
  const lines = status.split('\n').slice(1);
  const wordsOf = (name: string) =>
    (lines.find((line) => line.startsWith(`${name}:`)) ?? '').split(/\s+/).slice(1);
  if (!wordsOf('Uid').includes(String(uid))) return false;
  return !/^[ZX]$/.test(wordsOf('State')[0] ?? '') || Number(wordsOf('Threads')[0]) > 1;
}

function isInContainer(pid: number): boolean {
  const own = linkIfThere('/proc/self/ns/pid');
  const other = linkIfThere(`/proc/${pid}/ns/pid`);
  if (own === undefined || other === undefined || own === other) return false;
  return countUsers(readIfThere(`/proc/${pid}/uid_map`) ?? '') > 1;
}

/** How many users a namespace with this `uid_map` has. */
export function countUsers(map: string): number {
  const counts = map.split('\n').map((line) => Number(line.trim().split(/\s+/)[2] ?? 0));
  return counts.reduce((all, count) => all + count, 0);
}

function readIfThere(path: string): string | undefined {
  return ifThere(() => readFileSync(path, 'utf8'));
}

function linkIfThere(path: string): string | undefined {
  return ifThere(() => readlinkSync(path));
}

/** A process can end at any time, and what the system does not show us counts as nothing said. */
function ifThere(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
