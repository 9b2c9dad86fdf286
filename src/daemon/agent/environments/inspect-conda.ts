import { basename, dirname, join } from 'node:path';
import type { Environment, EnvironmentKind } from '../../../protocol/environments';
import { findCondaPackage, parseHistoryKind } from './conda-configuration';
import { isFault, readText, type Files } from './files';
import { findPackages, optional, packageFolders, userPackageFolders } from './find-packages';
import { findLibrary, findPython, unreadable, versionOfLibrary, type PythonFound } from './find-python';
import { environmentId, type Person, type PrefixCandidate, type Problem } from './inspection';
import { nameOfCondaEnvironment, nameOfPixiEnvironment } from './names';
import { ownerOf } from './users';
import { parseVirtualConfiguration } from './virtual-configuration';

/** Describes a prefix that has a `conda-meta` folder: conda, mamba, micromamba and pixi all leave it. */
export async function inspectConda(
  files: Files,
  candidate: PrefixCandidate,
  names: ReadonlySet<string>,
  person: Person,
): Promise<Environment> {
  const { prefix, realPrefix } = candidate;
  const records = await files.list(join(prefix, 'conda-meta'));
  const recordNames = isFault(records) ? [] : records.map((entry) => entry.name);
  const found = await findPython(files, prefix);
  const library = await libraryOf(files, prefix, recordNames);
  const packages =
    library === undefined
      ? undefined
      : await findPackages(files, [
          ...packageFolders(prefix, library, false),
          ...userPackageFolders(person, library),
        ]);
  const kind = await kindOf(files, candidate, recordNames);
  // micromamba's own installation has no `condabin`, but the environments below it.
  const isBase = (names.has('condabin') || names.has('envs')) && basename(dirname(prefix)) !== 'envs';
  const problem = isFault(records)
    ? unreadable('you may not read its conda-meta folder')
    : problemOf(found, recordNames);
  const owner = await files.stat(prefix);
  return {
    id: environmentId(kind, realPrefix),
    kind,
    name:
      kind === 'pixi'
        ? nameOfPixiEnvironment(prefix, person.homeFolder)
        : nameOfCondaEnvironment(prefix, isBase),
    prefix,
    language: 'python',
    ...optional('python', found.python),
    ...optional('pythonVersion', await versionOf(files, prefix, recordNames, names, library)),
    ...optional('ipykernel', findCondaPackage(recordNames, 'ipykernel') ?? packages?.ipykernel),
    ...optional('spyderKernels', findCondaPackage(recordNames, 'spyder-kernels') ?? packages?.spyderKernels),
    isWritable: (await files.canWrite(prefix)) && (await files.canWrite(join(prefix, 'conda-meta'))),
    ...ownerOf(
      [...(isFault(owner) ? [] : [owner.uid]), ...(found.uid === undefined ? [] : [found.uid])],
      person,
    ),
    ...(isBase ? { isBase } : {}),
    ...(recordNames.includes('frozen') ? { isFrozen: true } : {}),
    ...optional('problem', problem),
  };
}

/** Without `history` conda itself does not count a folder as an environment; one whose Python works is used all the same. */
function problemOf(found: PythonFound, recordNames: readonly string[]): Problem | undefined {
  const { problem } = found;
  if (problem?.code !== 'python-missing') return problem;
  if (!recordNames.includes('history')) {
    const message = 'conda-meta/history is missing: it was not wholly made, or not wholly removed';
    return { code: 'half-removed', message };
  }
  if (findCondaPackage(recordNames, 'python') !== undefined) {
    return { code: 'half-removed', message: 'conda has a record of its Python, but the program is gone' };
  }
  return { code: 'python-missing', message: 'no Python is installed in it' };
}

async function kindOf(
  files: Files,
  candidate: PrefixCandidate,
  recordNames: readonly string[],
): Promise<EnvironmentKind> {
  const { prefix, expectation } = candidate;
  const isPixi =
    recordNames.includes('pixi') || expectation === 'pixi' || /\/\.pixi\/envs\/[^/]+$/.test(prefix);
  if (isPixi) return 'pixi';
  if (recordNames.includes('history')) {
    const history = await readText(files, join(prefix, 'conda-meta', 'history'), 4096);
    const kind = parseHistoryKind(history ?? '');
    if (kind !== undefined) return kind;
  }
  return /\/(?:micromamba|\.?mamba)(?:\/envs\/[^/]+)?$/.test(prefix) ? 'micromamba' : 'conda';
}

async function libraryOf(
  files: Files,
  prefix: string,
  recordNames: readonly string[],
): Promise<string | undefined> {
  const version = findCondaPackage(recordNames, 'python');
  const minor = version === undefined ? undefined : /^\d+\.\d+/.exec(version)?.[0];
  const isPlain = minor !== undefined && findCondaPackage(recordNames, 'pypy') === undefined;
  return isPlain ? `python${minor}` : findLibrary(files, prefix);
}

async function versionOf(
  files: Files,
  prefix: string,
  recordNames: readonly string[],
  names: ReadonlySet<string>,
  library: string | undefined,
): Promise<string | undefined> {
  const recorded = findCondaPackage(recordNames, 'python');
  if (recorded !== undefined) return recorded;
  if (names.has('pyvenv.cfg')) {
    const text = await readText(files, join(prefix, 'pyvenv.cfg'), 65_536);
    const { pythonVersion } = parseVirtualConfiguration(text ?? '');
    if (pythonVersion !== undefined) return pythonVersion;
  }
  return library === undefined ? undefined : versionOfLibrary(library);
}
