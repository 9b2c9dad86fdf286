import { basename, join } from 'node:path';
import { isFault, listNames, readText, type Files } from './files';
import type { Problem } from './inspection';

/** The interpreter of a prefix, or why there is none to use. */
export type PythonFound =
  | { readonly python: string; readonly uid: number; readonly problem?: undefined }
  | { readonly python?: string; readonly uid?: number; readonly problem: Problem };

/** Looks for `bin/python`, then `bin/python3`, and whether it can be run. */
export async function findPython(files: Files, prefix: string): Promise<PythonFound> {
  for (const name of ['python', 'python3']) {
    const found = await checkProgram(files, join(prefix, 'bin', name));
    if (found !== undefined) return found;
  }
  return { problem: { code: 'python-missing', message: 'there is no Python in it' } };
}

/** Whether a program can be run; `undefined` when nothing is at that path. */
export async function checkProgram(files: Files, python: string): Promise<PythonFound | undefined> {
  const link = await files.lstat(python);
  if (isFault(link)) {
    if (link.fault === 'absent') return undefined;
    return { problem: unreadable(`${python} cannot be looked at (${link.code})`) };
  }
  const facts = link.type === 'link' ? await files.stat(python) : link;
  if (isFault(facts)) {
    const target = await files.readlink(python);
    const where = isFault(target) ? 'something' : target;
    if (facts.fault === 'denied') {
      return { python, problem: unreadable(`its Python is at ${where}, where you have no access`) };
    }
    const message =
      facts.code === 'ELOOP'
        ? `its Python is a link that leads to itself`
        : `its Python is a link to ${where}, which is not there`;
    return { python, problem: { code: 'dangling-link', message } };
  }
  if (facts.type !== 'file') {
    return { python, problem: { code: 'not-executable', message: `${python} is not a program` } };
  }
  if ((facts.mode & 0o111) === 0 || !(await files.canExecute(python))) {
    const message = `${python} is not a program that you may run`;
    return { python, uid: facts.uid, problem: { code: 'not-executable', message } };
  }
  return { python, uid: facts.uid };
}

/** Names the fault of a place that permissions close, or that does not answer. */
export function unreadable(message: string): Problem {
  return { code: 'unreadable', message };
}

/** The folder of the standard library below `lib`: `python3.11`, or `pypy3.10`. The highest, if there are several. */
export async function findLibrary(files: Files, prefix: string): Promise<string | undefined> {
  const names = await listNames(files, join(prefix, 'lib'));
  return names
    .filter((name) => /^(?:python|pypy)\d+\.\d+t?$/.test(name))
    .sort((left, right) => minorOf(right) - minorOf(left))[0];
}

/** `3.11` of `python3.11`, `python3.13t` or `pypy3.11`. */
export function versionOfLibrary(library: string): string {
  return library.replace(/^(?:python|pypy)/, '').replace(/t$/, '');
}

function minorOf(library: string): number {
  const [major, minor] = versionOfLibrary(library).split('.').map(Number);
  return (major ?? 0) * 1000 + (minor ?? 0);
}

/**
 * The whole version of an installed Python of which only `3.11` is known: from its header `patchlevel.h`, else from the constant in the program
 * or its shared library, else `3.11`.
 */
export async function findPatchVersion(
  files: Files,
  prefix: string,
  realPython: string,
  minorVersion: string,
): Promise<string> {
  const includes = join(prefix, 'include');
  const folder = (await listNames(files, includes)).find((name) =>
    new RegExp(`^python${minorVersion.replace('.', '\\.')}[a-z]*$`).test(name),
  );
  if (folder !== undefined) {
    const header = await readText(files, join(includes, folder, 'patchlevel.h'), 8192);
    const version = parsePatchLevel(header ?? '');
    if (version !== undefined) return version;
  }
  if (basename(realPython).startsWith('pypy')) return minorVersion;
  for (const program of [realPython, join(prefix, 'lib', `libpython${minorVersion}.so.1.0`)]) {
    const content = await files.read(program, 64 * 1024 * 1024);
    const version = isFault(content) ? undefined : findVersionConstant(content, minorVersion);
    if (version !== undefined) return version;
  }
  return minorVersion;
}

/** `PY_VERSION` in CPython's `patchlevel.h`. */
export function parsePatchLevel(header: string): string | undefined {
  return /^#define\s+PY_VERSION\s+"(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)\+?"/m.exec(header)?.[1];
}

/** The constant `3.11.7` among the strings of a program: it stands between two zero bytes. */
export function findVersionConstant(program: Buffer, minorVersion: string): string | undefined {
  const start = Buffer.from(`\0${minorVersion}.`, 'latin1');
  for (let at = program.indexOf(start); at >= 0; at = program.indexOf(start, at + 1)) {
    const text = program.subarray(at + 1, at + 24).toString('latin1');
    const match = /^(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)\+?\0/.exec(text);
    if (match?.[1] !== undefined) return match[1];
  }
  return undefined;
}
