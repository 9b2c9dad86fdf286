import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { totalmem, uptime } from 'node:os';
import { systemErrorCode } from '../../base/errors';

/** A process as it can be recognised later: a process id alone may meanwhile belong to another process. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As {@link processStartTime} gives it; a text to compare, in no unit. */
  readonly startTime: string;
}

/**
 * When a process was started, as a text that is only good for comparing. `undefined` when there is no such process, or only what is left of
 * one that has ended and was not yet fetched by its parent.
 */
export async function processStartTime(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return parseStartTime(await readProcessFile(`/proc/${pid}/stat`));
  return parseListedStart(await runPs(['-o', 'state=,lstart=', '-p', String(pid)]));
}

/** Whether this very process still runs. */
export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  return (await processStartTime(identity.pid)) === identity.startTime;
}

/** Start time and state of `/proc/<pid>/stat` (proc(5)); the program's name may hold spaces and brackets, so it is read from its end. */
export function parseStartTime(stat: string | undefined): string | undefined {
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' || state === 'x' ? undefined : fields[19];
}

/** State and start time of a line of `ps -o state=,lstart=`. */
export function parseListedStart(line: string): string | undefined {
  const match = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(line);
  return match === null || match[1]?.startsWith('Z') === true ? undefined : match[2];
}

/**
 * Sends a signal to every process of a group. Returns whether there was one. Throws when the system refuses, which for a group of our own
 * user only happens when a member has changed its user.
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return false;
    // macOS says EPERM for a group in which only ended processes are left.
    if (process.platform === 'darwin' && systemErrorCode(error) === 'EPERM') return false;
    throw error;
  }
}

/** Sends a signal to a process. Returns whether there was one: it can have ended since it was looked at. Throws when the system refuses. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/** Resident memory of a process and all its descendants in bytes; pages shared among them count in each. `undefined` when it has ended. */
export async function treeMemoryBytes(pid: number): Promise<number | undefined> {
  return process.platform === 'linux'
    ? linuxTreeMemory(pid)
    : sumOfTree(await runPs(['-A', '-o', 'pid=,ppid=,rss=']), pid);
}

/** The memory that this machine, or the control group that we are in, has in all, in bytes. */
export function totalMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/**
 * Differs between two starts of this machine, and stays the same in between: process ids and start times mean nothing across it. Where the
 * system has none it is the time of the start, to the minute.
 */
export async function readBootId(): Promise<string> {
  if (process.platform === 'linux') return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  if (process.platform === 'darwin')
    return (await run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])).trim();
  return new Date(Math.round((Date.now() - uptime() * 1000) / 60_000) * 60_000).toISOString();
}

/** More processes than that below one kernel are not looked at: the number is for people. */
const maxTreeSize = 500;

async function linuxTreeMemory(pid: number): Promise<number | undefined> {
  let sizeBytes: number | undefined;
  const waiting = [pid];
  const seen = new Set(waiting);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const status = await readProcessFile(`/proc/${next}/status`);
    const resident = status === undefined ? undefined : /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    if (resident !== undefined) sizeBytes = (sizeBytes ?? 0) + Number(resident) * 1024;
    for (const child of await linuxChildren(next)) {
      if (seen.has(child) || seen.size >= maxTreeSize) continue;
      seen.add(child);
      waiting.push(child);
    }
  }
  return sizeBytes;
}

/** Each thread lists the processes that it has started. */
async function linuxChildren(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(none);
  const lists = await Promise.all(
    threads.map((thread) => readProcessFile(`/proc/${pid}/task/${thread}/children`)),
  );
  return lists.flatMap((list) => (list ?? '').split(' ').filter(Boolean).map(Number));
}

/** Sums the memory of a process and its descendants in the lines of `ps -A -o pid=,ppid=,rss=`. */
export function sumOfTree(listing: string, root: number): number | undefined {
  const rows = listing
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((row) => row.length === 3);
  let sizeBytes: number | undefined;
  const members = new Set([root]);
  for (let grown = true; grown;) {
    grown = false;
    for (const [pid, parent] of rows) {
      if (pid === undefined || parent === undefined || members.has(pid) || !members.has(parent)) continue;
      members.add(pid);
      grown = true;
    }
  }
  for (const [pid, , kilobytes] of rows) {
    if (pid !== undefined && members.has(pid)) sizeBytes = (sizeBytes ?? 0) + (kilobytes ?? 0) * 1024;
  }
  return sizeBytes;
}

async function readProcessFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // A process that ends while it is read gives ESRCH instead of ENOENT; another user's gives EACCES.
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw error;
  }
}

function none(): string[] {
  return [];
}

function runPs(words: readonly string[]): Promise<string> {
  return run('/bin/ps', words);
}

/** `ps` exits with 1 when nothing matches: the answer is then simply empty. */
function run(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, words, { env: { LC_ALL: 'C' }, timeout: 10_000 }, (_error, stdout) => resolve(stdout));
  });
}
