import { chmod, copyFile, readdir, readFile, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toError } from '../../../base/errors';
import { exitCodes } from '../../../protocol/command-line';
import { findUntrusted } from '../../platform/trusted-files';
import { CommandError } from '../terminal';
import { planFolder } from './changes';
import { fileStep, folderStep, linkStep, type InstallationStep } from './installation-step';
import type { InstallationPlaces } from './places';

/** What the bundle's own file loads from beside it. */
const programPart = 'daemon-program.js';

/** The JSON schema of `config.json`, by which editors explain its keys. */
const schemaFile = 'system-configuration.schema.json';

/** What is copied into the program's folder, and where the installed parts are then. */
export interface ProgramToInstall {
  /** The Node that runs the daemon. */
  readonly node: string;
  readonly programFile: string;
  /** From where to where, files only. */
  readonly copies: readonly { readonly from: string; readonly to: string; readonly mode: number }[];
}

/**
 * Decides what to copy: the bundle's two files, its addons, and with `withNode` the Node that runs this. Rejects with a {@link CommandError} when that Node
 * cannot be used in its place by a daemon of root.
 */
export async function chooseProgram(
  sourceFile: string,
  places: InstallationPlaces,
  withNode: boolean,
): Promise<ProgramToInstall> {
  const programFile = join(places.program, 'daemon.js');
  const ownNode = join(places.program, 'bin', 'node');
  const isOwnNode = withNode || process.execPath === ownNode;
  if (!isOwnNode) {
    const [fault] = await findUntrusted([process.execPath]);
    if (fault !== undefined)
      throw new CommandError(
        `the Node that runs this cannot be used for all users: ${fault}. Or copy it beside the program: remote-kernels install --with-node`,
        exitCodes.configuration,
      );
  }
  const source = dirname(sourceFile);
  const addons = await listFiles(source, 'addons');
  const schema = await findSchema(source);
  const part = join(source, programPart);
  if ((await stat(part).catch(() => undefined))?.isFile() !== true) throw notWhole(`${part} is missing`);
  const copies = [
    // First what is loaded by the file after it: what starts meanwhile finds one that fits, or none.
    { from: part, to: join(places.program, programPart), mode: 0o644 },
    { from: sourceFile, to: programFile, mode: 0o644 },
    ...(schema === undefined ? [] : [{ from: schema, to: join(places.program, schemaFile), mode: 0o644 }]),
    ...addons.map((name) => ({ from: join(source, name), to: join(places.program, name), mode: 0o644 })),
    ...(isOwnNode ? [{ from: process.execPath, to: ownNode, mode: 0o755 }] : []),
  ];
  return { node: isOwnNode ? ownNode : process.execPath, programFile, copies };
}

/** Whether this program runs from where it was installed, and not from a package. */
export async function isInstalledProgram(programFile: string, places: InstallationPlaces): Promise<boolean> {
  const [own, installed] = await Promise.all(
    [dirname(programFile), places.program].map((path) => realpath(path).catch(() => path)),
  );
  return own === installed;
}

/** A configuration that says nothing but where its keys are explained; all else is a default. */
export function formatFirstConfiguration({ copies }: ProgramToInstall): string {
  const schema = copies.find(({ to }) => to.endsWith(`/${schemaFile}`))?.to;
  const content = schema === undefined ? {} : { $schema: `file://${schema}` };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The schema of the configuration: in the package beside the folder of the program, once installed beside the program itself. */
async function findSchema(source: string): Promise<string | undefined> {
  for (const path of [join(source, schemaFile), join(source, '..', 'schemas', schemaFile)]) {
    if ((await stat(path).catch(() => undefined))?.isFile() === true) return path;
  }
  return undefined;
}

/** The steps that put the program into its folder and its name into the `PATH`. */
export function programSteps(
  program: ProgramToInstall,
  places: InstallationPlaces,
): readonly InstallationStep[] {
  const launcher = join(places.program, 'bin', 'remote-kernels');
  const script = `#!/bin/sh\nexec '${program.node}' '${program.programFile}' "$@"\n`;
  return [
    folderStep(places.program, 0o755, true),
    copyStep(program, places, [...foldersOf(program, places), dirname(launcher)]),
    fileStep(launcher, script, 0o755, { isKept: false }),
    linkStep(places.launcher, launcher),
  ];
}

/** The folders of the copies below the program's own, the outer ones first. */
function foldersOf({ copies }: ProgramToInstall, { program }: InstallationPlaces): readonly string[] {
  const folders = new Set<string>();
  for (const { to } of copies) {
    for (let folder = dirname(to); folder.startsWith(`${program}/`); folder = dirname(folder))
      folders.add(folder);
  }
  return [...folders].sort();
}

function copyStep(
  { copies }: ProgramToInstall,
  places: InstallationPlaces,
  folders: readonly string[],
): InstallationStep {
  const inFolders = folders.map((folder) => folderStep(folder, 0o755, true));
  return {
    words: `copy the program to ${places.program} (${copies.length} files)`,
    async isDone() {
      for (const folder of inFolders) {
        if (!(await folder.isDone())) return false;
      }
      for (const copy of copies) {
        if (!(await isSameFile(copy))) return false;
      }
      return true;
    },
    plan: () => planFolder(places.program, true),
    async do() {
      for (const folder of inFolders) await folder.do();
      for (const copy of copies) {
        if (await isSameFile(copy)) continue;
        // Processes that run the one before keep it until they end.
        const temporary = `${copy.to}.part`;
        await copyFile(copy.from, temporary);
        await chmod(temporary, copy.mode);
        await rename(temporary, copy.to);
      }
    },
  };
}

async function isSameFile(copy: ProgramToInstall['copies'][number]): Promise<boolean> {
  if (copy.from === copy.to) return true;
  const [from, to] = await Promise.all([stat(copy.from), stat(copy.to).catch(() => undefined)]);
  if (to?.size !== from.size || (to.mode & 0o777) !== copy.mode) return false;
  const [one, other] = await Promise.all([readFile(copy.from), readFile(copy.to)]);
  return one.equals(other);
}

/** The files below a folder of the program, by their paths relative to it. */
async function listFiles(source: string, folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(join(source, folder), { withFileTypes: true });
    const names = await Promise.all(
      entries.map((entry) =>
        entry.isDirectory()
          ? listFiles(source, join(folder, entry.name))
          : Promise.resolve([join(folder, entry.name)]),
      ),
    );
    return names.flat().sort();
  } catch (error) {
    throw notWhole(toError(error).message, error);
  }
}

function notWhole(what: string, cause?: unknown): CommandError {
  return new CommandError(
    `this program is not whole (${what}); install it again: npm install -g ./remote-kernels-….tgz`,
    exitCodes.noInput,
    { cause },
  );
}
