import { readdir, readFile, stat } from 'node:fs/promises';
import { systemErrorCode } from '../../base/errors';

/** What Linux says of a process without looking into its memory, so that its user cannot hold the answer up. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  /** The process that leads its session. */
  readonly session: number;
  /** Zero for threads of the kernel and for what has ended. */
  readonly residentBytes: number;
}

/** How many files are read at the same time. */
const maxReads = 16;

/** All processes that can be seen here, in no order. Those that end meanwhile are left out. */
export async function readProcessTable(): Promise<ProcessEntry[]> {
  const waiting = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: ProcessEntry[] = [];
  const readRest = async () => {
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      const entry = parseProcessStatus(await readIfAllowed(`/proc/${pid}/status`));
      if (entry !== undefined) found.push(entry);
    }
  };
  await Promise.all(Array.from({ length: maxReads }, readRest));
  return found;
}

/** Reads `/proc/<pid>/status` (proc(5)). Its first line holds the name that the process chose, and is not looked at. */
export function parseProcessStatus(text: string | undefined): ProcessEntry | undefined {
  const lines = new Map<string, string>();
  for (const line of (text ?? '').split('\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) lines.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const first = (name: string) => {
    const digits = /^\d+/.exec(lines.get(name) ?? '')?.[0];
    return digits === undefined ? undefined : Number(digits);
  };
  const [pid, parentPid, uid] = [first('Pid'), first('PPid'), first('Uid')];
  if (pid === undefined || parentPid === undefined || uid === undefined) return undefined;
  return { pid, parentPid, uid, session: first('NSsid') ?? 0, residentBytes: (first('VmRSS') ?? 0) * 1024 };
}

/** The arguments of a process, the program first; none when it has ended. They are in its memory: its user can keep this from ending. */
export async function readCommandWords(pid: number): Promise<readonly string[]> {
  const text = await readIfAllowed(`/proc/${pid}/cmdline`);
  return text === undefined || text === '' ? [] : text.replace(/\0$/, '').split('\0');
}

/**
 * The memory of a process with shared pages counted in parts (PSS); `undefined` where the system does not say. Its user can keep this from
 * ending.
 */
export async function readProportionalBytes(pid: number): Promise<number | undefined> {
  const text = await readIfAllowed(`/proc/${pid}/smaps_rollup`);
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(text ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/**
 * Whether a process belongs to the system that this one belongs to, and not to a container on the same machine, whose accounts are others with the
 * same numbers. Told by what the process sees as `/etc`, which stays the same in the private mounts of a service. Root only; for others `false`.
 */
export async function isOfThisSystem(pid: number): Promise<boolean> {
  try {
    const [own, other] = await Promise.all([stat('/etc'), stat(`/proc/${pid}/root/etc`)]);
    return own.dev === other.dev && own.ino === other.ino;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

async function readIfAllowed(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // It has ended, or it is not ours to look at, in which case there are other ways.
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
