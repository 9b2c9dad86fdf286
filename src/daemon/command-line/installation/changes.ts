import { chmod, lstat, mkdir, readFile, readlink, rename, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { systemErrorCode } from '../../../base/errors';
import { writePrivateFile } from '../../platform/private-files';
import { changeBoot } from './boot';
import { hasEntry, runSystemCommand } from './system-command';

/** What stood at a path before the installation: nothing, a file, or a link. */
const beforeSchema = v.variant('kind', [
  v.object({ kind: v.literal('nothing') }),
  v.object({ kind: v.literal('file'), contentBase64: v.string(), mode: v.number() }),
  v.object({ kind: v.literal('link'), target: v.string() }),
]);

/** One thing that the installation changed, with all that is needed to undo it. A later version may write down more of it, which is left unread. */
export const changeSchema = v.variant('kind', [
  v.object({ kind: v.literal('group'), name: v.string() }),
  v.object({ kind: v.literal('user'), name: v.string() }),
  /** A folder that was not there. All that is in a private one is the program's. */
  v.object({ kind: v.literal('folder'), path: v.string(), isPrivate: v.boolean() }),
  v.object({ kind: v.literal('file'), path: v.string(), before: beforeSchema }),
  /** The system starts the daemon by this systemd unit or init script. */
  v.object({ kind: v.literal('boot'), path: v.string() }),
]);

/** See {@link changeSchema}. */
export type Change = v.InferOutput<typeof changeSchema>;

/** The name of a change, by which a second installation finds it again. */
export function nameOfChange(change: Change): string {
  return `${change.kind}:${'path' in change ? change.path : change.name}`;
}

/** The change of putting a file or link at this path, with what is there now. */
export async function planFile(path: string): Promise<Change> {
  return { kind: 'file', path, before: await lookAt(path) };
}

/** The changes of making this folder and the missing ones above it, the outermost first. */
export async function planFolder(path: string, isPrivate: boolean): Promise<Change[]> {
  if ((await lstatIfPresent(path)) !== undefined) return [];
  return [...(await planFolder(dirname(path), false)), { kind: 'folder', path, isPrivate }];
}

/** Makes a folder of root with the missing ones above it, which all can enter whatever mask this process has. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const outer = dirname(path);
  if ((await lstatIfPresent(outer)) === undefined) await makeFolder(outer, 0o755);
  await mkdir(path).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  });
  await chmod(path, mode);
}

/** Puts a file of root there; readers see the old content or all of the other. */
export async function putFile(path: string, content: string, mode: number): Promise<void> {
  await writePrivateFile(path, content);
  await chmod(path, mode);
}

/** Puts a link there in place of what is there. */
export async function putLink(path: string, target: string): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  await symlink(target, temporary);
  await rename(temporary, path);
}

/** Undoes a change; what is gone already is no fault. Resolves with a sentence when something has to stay. */
export async function undoChange(change: Change): Promise<string | undefined> {
  switch (change.kind) {
    case 'group':
      // Removing the user has already removed its group on systems where that is usual.
      if (await hasEntry('group', change.name)) await runSystemCommand('groupdel', [change.name]);
      return undefined;
    case 'user':
      if (await hasEntry('passwd', change.name)) await runSystemCommand('userdel', [change.name]);
      return undefined;
    case 'folder':
      return change.isPrivate ? removePrivateFolder(change.path) : removeEmptyFolder(change.path);
    case 'file':
      await restore(change.path, change.before);
      return undefined;
    case 'boot':
      await changeBoot(change.path, false);
      return undefined;
  }
}

async function lookAt(path: string): Promise<v.InferOutput<typeof beforeSchema>> {
  const found = await lstatIfPresent(path);
  if (found === undefined) return { kind: 'nothing' };
  if (found.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
  if (!found.isFile())
    throw new Error(`${path} is neither a file nor a link; move it away and run this again`);
  return { kind: 'file', contentBase64: await readFile(path, 'base64'), mode: found.mode & 0o7777 };
}

async function restore(path: string, before: v.InferOutput<typeof beforeSchema>): Promise<void> {
  switch (before.kind) {
    case 'nothing':
      return rm(path, { force: true });
    case 'link':
      // What it led to may have been removed meanwhile: a package, for example, whose own link this was.
      return (await isThere(resolve(dirname(path), before.target)))
        ? putLink(path, before.target)
        : rm(path, { force: true });
    case 'file':
      await writePrivateFile(path, Buffer.from(before.contentBase64, 'base64'));
      return chmod(path, before.mode);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function removePrivateFolder(path: string): Promise<undefined> {
  await rm(path, { recursive: true, force: true });
  return undefined;
}

async function removeEmptyFolder(path: string): Promise<string | undefined> {
  try {
    await rmdir(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return `${path} stays: others have put files there`;
    if (code !== 'ENOENT') throw error;
  }
  return undefined;
}

async function lstatIfPresent(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
