import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { toError } from '../../../base/errors';
import { parseJson, parserOf } from '../../../base/parse';
import { exitCodes } from '../../../protocol/command-line';
import { productVersion } from '../../configuration/product-version';
import { readFileIfPresent } from '../../platform/private-files';
import { filesOfProgram, findChangeableByOthers } from '../../platform/trusted-files';
import type { GivenOptions } from '../parse-command-line';
import { CommandError, printWords } from '../terminal';

/** A package of this program, as npm puts it somewhere. */
export interface ProgramPackage {
  /** The `daemon.js` in it, without links on the way. */
  readonly programFile: string;
  readonly version: string;
}

const commandName = 'remote-kernels';

const parseManifest = parserOf(
  'package.json',
  v.object({ name: v.literal('remote-kernels'), version: v.string() }),
);

/** The package that a program belongs to, or `undefined` when it is in none or not there. */
export async function readPackage(programFile: string): Promise<ProgramPackage | undefined> {
  const real = await realpath(programFile).catch(() => undefined);
  if (real === undefined) return undefined;
  const text = await readFileIfPresent(manifestOf(real)).catch(() => undefined);
  const manifest = text === undefined ? undefined : parseJson(text, parseManifest);
  return manifest?.ok === true ? { programFile: real, version: manifest.value.version } : undefined;
}

/**
 * The package that an `install` of the program in its own place (`/opt`) is about: the one from which that was copied, where npm has put the next version
 * since, or a later one in the `PATH`, whose name the installed program hides. `undefined` means that there is none. Rejects with a
 * {@link CommandError} when it has another version than the installed program and it cannot be said that only root could have changed it: it would be
 * run as root.
 */
export async function findPackageToInstall(
  recorded: string | undefined,
  path: string,
  ownVersion = productVersion,
): Promise<ProgramPackage | undefined> {
  let found = recorded === undefined ? undefined : await readPackage(recorded);
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const candidate = await readPackage(join(folder, commandName));
    if (candidate !== undefined && isLater(candidate.version, found?.version ?? ownVersion))
      found = candidate;
  }
  if (found === undefined) return undefined;
  const { programFile, version } = found;
  const words = await findDistrust(programFile);
  if (words === undefined) return found;
  if (version === ownVersion) return undefined;
  throw new CommandError(
    `version ${version} is at ${programFile}, but ${words}; or, if you trust that version as it is: ${process.execPath} ${programFile} install`,
    exitCodes.configuration,
  );
}

/** Why a package is not to be run as root, and what to do. A folder that cannot be looked through, a checkout with all that it is built by, is not either. */
async function findDistrust(programFile: string): Promise<string | undefined> {
  try {
    const [fault] = await findChangeableByOthers(await filesOfProgram(manifestOf(programFile)));
    return fault === undefined
      ? undefined
      : `others than root could have changed it, so nothing was changed: ${fault}. Then run this again`;
  } catch (error) {
    return `whether others than root could have changed it cannot be seen, so nothing was changed: ${toError(error).message}. Put that version in by its package (npm install -g ./remote-kernels-….tgz) and run this again`;
  }
}

/** Goes on with the `install` of that package, which knows its own steps. Resolves with its exit code. */
export async function runInstallOf(
  { programFile, version }: ProgramPackage,
  given: GivenOptions,
): Promise<number> {
  printWords(`The program comes from ${programFile} (version ${version}).`);
  const switches = ['--yes', '--dry-run', '--with-node', '--no-start'].filter((name) => given.has(name));
  const child = spawn(process.execPath, [programFile, 'install', ...switches], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? exitCodes.software;
}

/** Whether a version is later than another (semver: numbers first, and one without a suffix is later than one with). */
export function isLater(version: string, other: string): boolean {
  const [one, two] = [version, other].map((text) => {
    const [, numbers = '', suffix = ''] = /^([\d.]*)-?(.*)$/.exec(text) ?? [];
    return { numbers, suffix };
  });
  if (one === undefined || two === undefined) return false;
  const compare = (left: string, right: string) => left.localeCompare(right, 'en', { numeric: true });
  if (one.numbers !== two.numbers) return compare(one.numbers, two.numbers) > 0;
  if (one.suffix === '' || two.suffix === '') return one.suffix === '' && two.suffix !== '';
  return compare(one.suffix, two.suffix) > 0;
}

function manifestOf(programFile: string): string {
  return join(dirname(dirname(programFile)), 'package.json');
}
