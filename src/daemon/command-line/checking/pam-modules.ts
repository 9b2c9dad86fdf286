import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where distributions have the modules of PAM: below one of these, some in a folder named after the kind of machine. */
const roots = ['/lib', '/lib64', '/usr/lib', '/usr/lib64'];

/**
 * Whether the module of a rule is there. Says `true` of what it cannot judge: a name with `$ISA`, and any name on a system that has its modules
 * somewhere else.
 */
export async function hasPamModule(name: string): Promise<boolean> {
  if (name.includes('$ISA')) return true;
  if (name.startsWith('/')) return isThere(name);
  const folders = await moduleFolders();
  if (folders.length === 0) return true;
  const found = await Promise.all(folders.map((folder) => isThere(join(folder, name))));
  return found.includes(true);
}

async function moduleFolders(): Promise<readonly string[]> {
  const candidates: string[] = [];
  for (const root of roots) {
    const machines = (await readdir(root).catch(() => [])).filter((name) => name.includes('-linux-'));
    candidates.push(...['', ...machines].map((machine) => join(root, machine, 'security')));
  }
  const there = await Promise.all(
    candidates.map(async (folder) =>
      (await readdir(folder).catch(() => [])).some((name) => /^pam_.*\.so$/.test(name)),
    ),
  );
  return candidates.filter((_, at) => there[at]);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
