import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { systemErrorCode } from '../../base/errors';
import { delay } from '../../base/time';
import { isUserNumber } from './user-numbers';

/** A process that waits for a disk ends late; one that starts others without pause is caught sooner or not at all. */
const longestSweepMs = 8_000;
const firstPauseMs = 5;
const longestPauseMs = 100;
/** One look alone can miss a process that was made while it was taken. */
const looksToBeSure = 5;
/** How many processes are looked at before others have a turn, in some milliseconds. */
const sliceLength = 100;
/** How often the process that was made last is looked at in each look, besides the others. */
const looksAtNewest = 40;

/**
 * Ends every process of that user (SIGKILL), whoever started it and whatever group or session it is in. Resolves with those that are there all the
 * same when it gives up: whoever wants to start a program that none of them may meddle with must not start it then.
 *
 * A process is the user's when any of its four numbers is (real, effective, saved, of the file system). One in a container of this machine, whose
 * accounts are others with the same numbers, is left alone: it sees other processes than we do, and can be more than one user. Who has no
 * capabilities, as a front door, gets away from our processes only through a user namespace of its own, and there it stays one user
 * (user_namespaces(7)). A container that sees our processes (`--pid=host`) cannot be told from a program of this machine.
 *
 * A process that starts another one and ends, again and again, is in no list that is read one by one: it is gone when it is its turn, and the one that
 * it started is not listed. But it lives until it has started that one, and the system says which one was made last: that one is looked at, too.
 *
 * For root, and for a user of the system who runs nothing else. Throws for root's own number.
 */
export async function endProcessesOfUser(uid: number): Promise<readonly number[]> {
  if (!isUserNumber(uid) || uid === 0) throw new Error(`the processes of user ${uid} are not to be ended`);
  const giveUpAtMs = performance.now() + longestSweepMs;
  let [pauseMs, looksInVain] = [firstPauseMs, 0];
  for (;;) {
    const left = await endOnce(uid);
    looksInVain = left.length === 0 ? looksInVain + 1 : 0;
    if (looksInVain >= looksToBeSure) return [];
    if (left.length > 0 && performance.now() > giveUpAtMs) return left;
    await delay(looksInVain > 0 ? firstPauseMs : pauseMs);
    if (left.length > 0) pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  }
}

/** Looks once, the latest first, which are the ones that could be gone before it is their turn, and gives those that it found. Others have turns meanwhile. */
async function endOnce(uid: number): Promise<number[]> {
  const found = new Set<number>();
  const look = (pid: number | undefined) => {
    if (pid !== undefined && endOne(pid, uid)) found.add(pid);
  };
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((one, other) => other - one);
  const slices = Math.max(1, Math.ceil(pids.length / sliceLength));
  for (let slice = 0; slice < slices; slice += 1) {
    for (let count = 0; count < looksAtNewest / slices; count += 1) look(newestProcess());
    for (const pid of pids.slice(slice * sliceLength, (slice + 1) * sliceLength)) look(pid);
    await setImmediate();
  }
  return [...found];
}

/** Whether it is a live one of that user; it has been sent the signal then, without a pause in between, so that no other process has its number by then. */
function endOne(pid: number, uid: number): boolean {
  const status = readIfThere(`/proc/${pid}/status`);
  if (pid === process.pid || status === undefined || !isLiveProcessOf(status, uid) || isInContainer(pid))
    return false;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // Gone meanwhile, or not to be ended by us: the next look says which.
    if (systemErrorCode(error) === undefined) throw error;
  }
  return true;
}

/** The process that was made last in our namespace: the last word of `/proc/loadavg` (proc(5)). */
function newestProcess(): number | undefined {
  const pid = Number(readIfThere('/proc/loadavg')?.trim().split(' ').at(-1));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
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
