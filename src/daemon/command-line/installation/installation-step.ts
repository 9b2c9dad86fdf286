import { lstat, readFile, readlink, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, planFile, planFolder, putFile, putLink, type Change } from './changes';

/** One step of the installation, as data: what it is for, whether it is done, what it would change, and how it does so. */
export interface InstallationStep {
  /** What it does, as in "make the folder …". */
  readonly words: string;
  isDone(): Promise<boolean>;
  /** What doing it changes, for the record. Called only when it is not done. */
  plan(): Promise<readonly Change[]>;
  do(): Promise<void>;
}

/** A folder of root with these rights. */
export function folderStep(path: string, mode: number, isPrivate: boolean): InstallationStep {
  return {
    words: `make the folder ${path} (root, ${mode.toString(8)})`,
    async isDone() {
      const found = await stat(path).catch(() => undefined);
      return found?.isDirectory() === true && (found.mode & 0o777) === mode && found.uid === ownUid();
    },
    plan: () => planFolder(path, isPrivate),
    do: () => makeFolder(path, mode),
  };
}

/** A file of root with this content. With `isKept` one that is there stays as it is: an administrator may have written it. */
export function fileStep(
  path: string,
  content: string,
  mode: number,
  options: { readonly isKept: boolean },
): InstallationStep {
  return {
    words: `write ${path}`,
    async isDone() {
      const found = await lstat(path).catch(() => undefined);
      if (found === undefined) return false;
      if (options.isKept) return true;
      return found.isFile() && (found.mode & 0o777) === mode && (await readFile(path, 'utf8')) === content;
    },
    plan: async () => [...(await planFolder(dirname(path), false)), await planFile(path)],
    async do() {
      await makeMissingFolder(dirname(path));
      await putFile(path, content, mode);
    },
  };
}

/** A link. What stood in its place comes back at the uninstallation. */
export function linkStep(path: string, target: string): InstallationStep {
  return {
    words: `link ${path} to ${target}`,
    isDone: async () => (await readlink(path).catch(() => undefined)) === target,
    plan: async () => [...(await planFolder(dirname(path), false)), await planFile(path)],
    async do() {
      await makeMissingFolder(dirname(path));
      await putLink(path, target);
    },
  };
}

async function makeMissingFolder(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) === undefined) await makeFolder(path, 0o755);
}

function ownUid(): number | undefined {
  return process.getuid?.();
}
