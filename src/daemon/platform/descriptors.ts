import { readdir, readFile } from 'node:fs/promises';
import { loadKoffi } from './koffi';

/** `O_CLOEXEC` of Linux, as `/proc/<pid>/fdinfo` shows it in octal (proc(5)). */
const closeOnExec = 0o2000000;

/** Of fcntl(2). */
const setFlags = 2;
const closeOnExecFlag = 1;

/**
 * The open descriptors above standard error that a child of ours would inherit. Node keeps its own from its children, and the first few that it
 * was started with, but not one that a caller opened with a high number. Empty on systems that do not tell.
 */
export async function listInheritable(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc/self/fdinfo').catch(() => [])) {
    // One that was open only for this look is gone by now.
    const text = await readFile(`/proc/self/fdinfo/${name}`, 'utf8').catch(() => '');
    const flags = /^flags:\s*([0-7]+)$/m.exec(text)?.[1];
    if (Number(name) > 2 && flags !== undefined && (parseInt(flags, 8) & closeOnExec) === 0)
      found.push(Number(name));
  }
  return found;
}

/**
 * Keeps everything above standard error that this process was started with from the programs that it starts; here it stays open. A file that a script
 * of root has open (`200>lock`, as flock(1) shows it) would otherwise be writable to every user whose agent is started. Throws when the system refuses.
 */
export async function keepFromChildren(): Promise<void> {
  const inherited = await listInheritable();
  if (inherited.length === 0) return;
  const control = loadKoffi().load(null).func('int fcntl(int, int, ...)');
  for (const descriptor of inherited) control(descriptor, setFlags, 'int', closeOnExecFlag);
  const left = await listInheritable();
  if (left.length > 0) throw new Error(`open files cannot be kept from users (${left.join(', ')})`);
}
