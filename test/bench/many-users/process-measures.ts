import { readdir, readFile } from 'node:fs/promises';

/** What one process holds of the machine. */
export interface ProcessState {
  /** Its share of what it has in memory: pages that several processes share are divided among them. */
  readonly proportionalBytes: number;
  readonly residentBytes: number;
  /** User and system time so far, in ticks of 10 ms. */
  readonly processorMs: number;
  readonly descriptors: number;
}

/** Reads it from `/proc`; the caller is root. Rejects for a process that has ended. */
export async function readProcess(pid: number): Promise<ProcessState> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
  return {
    proportionalBytes: kilobytes('Pss') * 1024,
    residentBytes: kilobytes('Rss') * 1024,
    processorMs: await processorMs(pid),
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
  };
}

/** User and system time of one process so far; of its threads, and not of its children. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The children that a process has now, those included that nobody has waited for. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
