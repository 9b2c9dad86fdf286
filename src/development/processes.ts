import { readdir, readFile } from 'node:fs/promises';
import { until, withDeadline } from '../base/time';

/** A running process, as much of it as is needed to name it. */
export interface FoundProcess {
  readonly pid: number;
  /** Its command line, cut to a readable length. */
  readonly command: string;
}

/**
 * Finds living processes by what is in their environment, which children inherit even when they leave their session and their parent, and by the
 * words of their command line, for those that were given another environment. `isOurs` is asked about each entry such as `HOME=/tmp/x` and each
 * word. Needs `/proc`: finds nothing on systems without it. The caller itself is left out.
 */
export async function processesWith(isOurs: (text: string) => boolean): Promise<FoundProcess[]> {
  const found: FoundProcess[] = [];
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const details = await read(pid);
    if (details === undefined || ![...details.entries, ...details.words].some(isOurs)) continue;
    found.push({ pid, command: details.words.join(' ').trim().slice(0, 300) });
  }
  return found;
}

async function read(pid: number): Promise<{ entries: string[]; words: string[] } | undefined> {
  try {
    const entries = (await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0');
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    const state = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\)\s/s, '').slice(0, 1);
    // Nobody may have reaped it, but a process that has ended is no process any more.
    return state === 'Z' || state === 'X' ? undefined : { entries, words };
  } catch {
    // It ended while it was looked at, or it belongs to somebody else.
    return undefined;
  }
}

/** Ends every process that `find` finds, also those that appear meanwhile, and waits until there are none. Rejects after 10 s naming what stays. */
export async function endProcesses(find: () => Promise<FoundProcess[]>): Promise<void> {
  let left: FoundProcess[] = [];
  const attempt = async () => {
    left = await find();
    for (const found of left) kill(found.pid);
    return left.length === 0 ? true : undefined;
  };
  try {
    await until(attempt, withDeadline(10_000, 'ending processes'), 30);
  } catch (error) {
    throw new Error(`these processes do not end: ${describeProcesses(left)}`, { cause: error });
  }
}

/** `123 node daemon.js agent; 124 …` */
export function describeProcesses(processes: readonly FoundProcess[]): string {
  return processes.map((found) => `${found.pid} ${found.command}`).join('; ');
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
