import { basename, dirname, join } from 'node:path';
import type { Environment } from '../../../protocol/environments';
import { isFault, listNames, type Files } from './files';
import { findPackages, optional, packageFolders, userPackageFolders } from './find-packages';
import { checkProgram, findLibrary, findPatchVersion, findPython, versionOfLibrary } from './find-python';
import { environmentId, type Person, type Problem } from './inspection';
import { ownerOf } from './users';

/** A Python that is installed as such: one of pyenv's versions, or one on the PATH. */
export interface InstallationCandidate {
  readonly kind: 'pyenv' | 'system';
  readonly prefix: string;
  readonly realPrefix: string;
  readonly name: string;
  /** The program, for a kind of which several share a prefix. */
  readonly python?: string;
}

/** Describes an installed Python by its files. */
export async function inspectInstallation(
  files: Files,
  candidate: InstallationCandidate,
  person: Person,
): Promise<Environment> {
  const { kind, prefix, realPrefix, name } = candidate;
  const found =
    candidate.python === undefined
      ? await findPython(files, prefix)
      : ((await checkProgram(files, candidate.python)) ?? {
          problem: { code: 'python-missing', message: `${candidate.python} is not there` } satisfies Problem,
        });
  const program = found.python === undefined ? undefined : await files.realpath(found.python);
  const realPython = program === undefined || isFault(program) ? undefined : program;
  const library = await libraryOf(files, prefix, realPython);
  const isSystem = kind === 'system';
  const folders =
    library === undefined
      ? []
      : [...userPackageFolders(person, library), ...packageFolders(prefix, library, isSystem)];
  const packages = await findPackages(files, folders);
  const owner = await files.stat(prefix);
  const place = isSystem && found.python !== undefined ? await placeOf(files, found.python) : realPrefix;
  return {
    id: environmentId(kind, place),
    kind,
    name,
    prefix,
    language: 'python',
    ...optional('python', found.python),
    ...optional('pythonVersion', await versionOf(files, candidate, realPython, library)),
    ...optional('ipykernel', packages.ipykernel),
    ...optional('spyderKernels', packages.spyderKernels),
    isWritable: library !== undefined && (await isOpenToPip(files, prefix, library)),
    ...ownerOf(
      [...(isFault(owner) ? [] : [owner.uid]), ...(found.uid === undefined ? [] : [found.uid])],
      person,
    ),
    ...optional('problem', found.problem),
  };
}

/** Several Pythons share `/usr`, so the place of one is its program, with the links of its folder resolved but not its own. */
async function placeOf(files: Files, python: string): Promise<string> {
  const folder = await files.realpath(dirname(python));
  return join(isFault(folder) ? dirname(python) : folder, basename(python));
}

async function libraryOf(
  files: Files,
  prefix: string,
  realPython: string | undefined,
): Promise<string | undefined> {
  const named = realPython === undefined ? null : /^((?:python|pypy)\d+\.\d+t?)$/.exec(basename(realPython));
  return named?.[1] ?? findLibrary(files, prefix);
}

async function versionOf(
  files: Files,
  candidate: InstallationCandidate,
  realPython: string | undefined,
  library: string | undefined,
): Promise<string | undefined> {
  const named = /^\d+\.\d+\.\d+/.exec(candidate.kind === 'pyenv' ? basename(candidate.realPrefix) : '')?.[0];
  if (named !== undefined || library === undefined) return named;
  const minor = versionOfLibrary(library);
  return realPython === undefined ? minor : findPatchVersion(files, candidate.prefix, realPython, minor);
}

/** Whether packages may be installed: the folder is ours to write, and the system does not keep it for its own package manager (PEP 668). */
async function isOpenToPip(files: Files, prefix: string, library: string): Promise<boolean> {
  const folder = join(prefix, 'lib', library);
  if ((await listNames(files, folder)).includes('EXTERNALLY-MANAGED')) return false;
  const packages = join(folder, 'site-packages');
  return (await files.canWrite(packages)) || (isFault(await files.stat(packages)) && files.canWrite(folder));
}
