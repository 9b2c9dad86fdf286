import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../base/parse';
import { parseKeeperRecord } from '../../protocol/keeper';
import { endProcesses, processesWith, type FoundProcess } from '../processes';
import { pathExists } from '../paths';

/** A kernel that goes on after the demonstration. */
export interface RemainingKernel {
  /** The notebook that it belongs to, or the environment. */
  readonly name: string;
  readonly pid: number;
}

/**
 * Ends what still runs with the demonstration's home, except kernels and their keepers, and names those kernels. With none left nothing of the
 * demonstration runs any more.
 */
export async function endAllButKernels(home: string): Promise<readonly RemainingKernel[]> {
  const records = await readRecords(join(home, '.local', 'state', 'remote-kernels'));
  const running = await processesWith((entry) => entry === `HOME=${home}`);
  const kernels = records.filter(({ pid }) => running.some((found) => found.pid === pid));
  const kept = new Set(kernels.flatMap(({ pid, keeperPid }) => [pid, keeperPid]));
  await endProcesses(async () => {
    const found = await processesWith((entry) => entry === `HOME=${home}`);
    const parents = await Promise.all(found.map(parentOf));
    // A kernel's own children are its business.
    return found.filter(({ pid }, index) => !kept.has(pid) && !kept.has(parents[index] ?? 0));
  });
  return kernels.map(({ name, pid }) => ({ name, pid }));
}

interface KernelProcesses extends RemainingKernel {
  readonly keeperPid: number;
}

async function readRecords(folder: string): Promise<KernelProcesses[]> {
  if (!(await pathExists(folder))) return [];
  const names = await readdir(folder, { recursive: true });
  const records: KernelProcesses[] = [];
  for (const name of names.filter((candidate) => candidate.endsWith('record.json'))) {
    const record = parseJson(await readFile(join(folder, name), 'utf8').catch(() => ''), parseKeeperRecord);
    if (!record.ok || record.value.kernel === undefined) continue;
    const { session, order, keeperPid, kernel } = record.value;
    records.push({ name: session?.name ?? order.environmentName, pid: kernel.pid, keeperPid });
  }
  return records;
}

async function parentOf({ pid }: FoundProcess): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const parent = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
  return parent === undefined ? undefined : Number(parent);
}
