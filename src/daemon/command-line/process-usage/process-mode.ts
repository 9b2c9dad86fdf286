import { basename } from 'node:path';
import type { ProcessReport } from '../../../protocol/daemon-control';
import type { ProcessEntry } from '../../platform/process-table';

/** What a process of this program was started to be. */
export type ProcessMode = NonNullable<Extract<ProcessReport, { kind: 'process' }>['mode']>;

const modes: readonly ProcessMode[] = ['agent', 'keeper', 'front-door', 'announce', 'pam', 'serve'];
/** Options of Node come before the program. */
const maxWordsLookedAt = 16;

/**
 * What a process was started to be, by its arguments: `node [options] …/daemon.js keeper`. The folder does not count, since an agent that the editor
 * started serves the daemon as well. Its user can make it up, and then only what is said of that user is wrong.
 */
export function processMode(words: readonly string[], programFile: string): ProcessMode | undefined {
  const program = basename(programFile);
  const at = words.slice(1, maxWordsLookedAt).findIndex((word) => basename(word) === program) + 1;
  if (at === 0) return undefined;
  const mode = modes.find((known) => known === words[at + 1]);
  // Without it, it is the command that asks for an agent.
  return mode === 'agent' && !words.includes('--server') ? undefined : mode;
}

/**
 * The processes of one user's agent and keepers with all below them: by their parents, and by their session, which processes keep whose parent has
 * ended.
 */
export function belowRoots(
  table: readonly ProcessEntry[],
  roots: ReadonlySet<number>,
  uid: number,
): ProcessEntry[] {
  // Most users have none, and anybody can make the table long.
  if (roots.size === 0) return [];
  const members = new Set(roots);
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of table) {
    const bySession = entry.uid === uid && entry.session !== entry.pid ? [entry.session] : [];
    for (const above of new Set([entry.parentPid, ...bySession])) {
      const known = children.get(above);
      if (known === undefined) children.set(above, [entry]);
      else known.push(entry);
    }
  }
  const waiting = [...roots];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const { pid } of children.get(next) ?? [])
      if (!members.has(pid)) {
        members.add(pid);
        waiting.push(pid);
      }
  return table.filter(({ pid }) => members.has(pid));
}
