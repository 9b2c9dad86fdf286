import { readFileIfPresent } from '../platform/private-files';

/** What getusershell(3) says where there is no `/etc/shells`. */
const usualShells = '/bin/sh\n/bin/csh\n';

/** The shells that count as login shells on this machine: the content of `/etc/shells` (shells(5)). */
export async function readLoginShells(file = '/etc/shells'): Promise<ReadonlySet<string>> {
  const text = (await readFileIfPresent(file)) ?? usualShells;
  const lines = text.split('\n').map((line) => line.replace(/#.*$/, '').trim());
  return new Set(lines.filter((line) => line.startsWith('/')));
}
