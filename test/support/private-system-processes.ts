import { readFile, readdir, readlink } from 'node:fs/promises';
import type { FoundProcess } from '../../src/development/processes';

/** The living processes in the mount namespace of that process, without itself. */
export async function processesInMounts(holderPid: number): Promise<FoundProcess[]> {
  const found: FoundProcess[] = [];
  const wanted = await mountsOf(holderPid);
  if (wanted === undefined || wanted === (await mountsOf(process.pid))) return found;
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === holderPid || (await mountsOf(pid)) !== wanted) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    found.push({ pid, command: words.split('\0').join(' ').trim().slice(0, 300) });
  }
  return found;
}

/** `undefined` for a process that has ended, also when nobody has fetched its exit code. */
function mountsOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined);
}
