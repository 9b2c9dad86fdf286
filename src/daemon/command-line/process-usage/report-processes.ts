import { exitCodes } from '../../../protocol/command-line';
import type { ProcessReport } from '../../../protocol/daemon-control';
import {
  isOfThisSystem,
  readCommandWords,
  readProcessTable,
  readProportionalBytes,
  type ProcessEntry,
} from '../../platform/process-table';
import { printResult } from '../terminal';
import { belowRoots, processMode, type ProcessMode } from './process-mode';

/**
 * The internal command `processes`: says what runs of this program and below it, as root for everybody on this system, else for this user. Each user's
 * processes are read one after another, so that one who holds the answer up is the only one of whom something is missing. Whoever runs it
 * ends it when it takes too long.
 */
export async function runProcesses(programFile: string): Promise<number> {
  const own = process.getuid?.() ?? 0;
  const table = await readProcessTable();
  const byUser = new Map<number, ProcessEntry[]>();
  for (const entry of table) {
    if (entry.residentBytes === 0 || (own !== 0 && entry.uid !== own)) continue;
    const known = byUser.get(entry.uid);
    if (known === undefined) byUser.set(entry.uid, [entry]);
    else known.push(entry);
  }
  const isSeen = (pid: number) => (own === 0 ? isOfThisSystem(pid) : Promise.resolve(true));
  await Promise.all(
    [...byUser].map(([uid, entries]) => reportUser(uid, entries, { table, programFile, isSeen })),
  );
  report({ kind: 'complete' });
  return exitCodes.ok;
}

/** What the processes of each user are looked up in. */
interface Seen {
  readonly table: readonly ProcessEntry[];
  readonly programFile: string;
  readonly isSeen: (pid: number) => Promise<boolean>;
}

async function reportUser(uid: number, entries: readonly ProcessEntry[], seen: Seen): Promise<void> {
  const { table, programFile, isSeen } = seen;
  const modes = new Map<number, ProcessMode>();
  for (const { pid } of entries) {
    const mode = processMode(await readCommandWords(pid), programFile);
    if (mode !== undefined && (await isSeen(pid))) modes.set(pid, mode);
  }
  const roots = new Set([...modes].flatMap(([pid, mode]) => (isRoot(mode) ? [pid] : [])));
  const shown = new Set(belowRoots(table, roots, uid));
  for (const entry of entries) if (modes.has(entry.pid)) shown.add(entry);
  for (const { pid, parentPid, residentBytes } of shown) {
    const mode = modes.get(pid);
    const known = mode === undefined ? {} : { mode };
    report({ kind: 'process', ownerUid: uid, pid, parentPid, ...known, residentBytes });
  }
  for (const { pid } of shown) {
    const proportionalBytes = await readProportionalBytes(pid);
    if (proportionalBytes !== undefined) report({ kind: 'memory', pid, proportionalBytes });
  }
}

function isRoot(mode: ProcessMode): boolean {
  return mode === 'agent' || mode === 'keeper';
}

function report(line: ProcessReport): void {
  printResult(JSON.stringify(line));
}
