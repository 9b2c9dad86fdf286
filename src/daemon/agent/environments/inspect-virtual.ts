import { dirname, join } from 'node:path';
import type { Environment } from '../../../protocol/environments';
import { isFault, readText, type Files } from './files';
import { findPackages, optional, packageFolders, userPackageFolders } from './find-packages';
import { findLibrary, findPython, unreadable, versionOfLibrary } from './find-python';
import { environmentId, type Person, type PrefixCandidate, type Problem } from './inspection';
import { nameOfVirtualEnvironment } from './names';
import { ownerOf } from './users';
import { parseVirtualConfiguration, type VirtualConfiguration } from './virtual-configuration';

/** Describes a prefix that has a `pyvenv.cfg`: made by venv, virtualenv or uv. */
export async function inspectVirtual(
  files: Files,
  candidate: PrefixCandidate,
  names: ReadonlySet<string>,
  person: Person,
): Promise<Environment> {
  const { prefix, realPrefix } = candidate;
  const text = await readText(files, join(prefix, 'pyvenv.cfg'), 65_536);
  const configuration = parseVirtualConfiguration(text ?? '');
  const found = await findPython(files, prefix);
  const library = await libraryOf(files, prefix, configuration);
  const packages = await findPackages(files, await foldersOf(files, prefix, library, configuration, person));
  const owner = await files.stat(prefix);
  const problem =
    text === undefined ? unreadable('you may not read its pyvenv.cfg') : problemOf(found.problem, names);
  return {
    id: environmentId(configuration.kind, realPrefix),
    kind: configuration.kind,
    name: nameOfVirtualEnvironment(prefix, configuration.prompt),
    prefix,
    language: 'python',
    ...optional('python', found.python),
    ...optional(
      'pythonVersion',
      configuration.pythonVersion ?? (library === undefined ? undefined : versionOfLibrary(library)),
    ),
    ...optional('ipykernel', packages.ipykernel),
    ...optional('spyderKernels', packages.spyderKernels),
    isWritable: await files.canWrite(
      library === undefined ? prefix : join(prefix, 'lib', library, 'site-packages'),
    ),
    ...ownerOf(
      [...(isFault(owner) ? [] : [owner.uid]), ...(found.uid === undefined ? [] : [found.uid])],
      person,
    ),
    ...optional('problem', problem),
  };
}

function problemOf(problem: Problem | undefined, names: ReadonlySet<string>): Problem | undefined {
  if (problem?.code !== 'python-missing' || (names.has('bin') && names.has('lib'))) return problem;
  const missing = names.has('bin') ? 'lib' : 'bin';
  return {
    code: 'half-removed',
    message: `its ${missing} folder is missing: it was not wholly made, or not wholly removed`,
  };
}

async function libraryOf(
  files: Files,
  prefix: string,
  configuration: VirtualConfiguration,
): Promise<string | undefined> {
  const found = await findLibrary(files, prefix);
  if (found !== undefined) return found;
  const minor = /^\d+\.\d+/.exec(configuration.pythonVersion ?? '')?.[0];
  return minor === undefined ? undefined : `python${minor}`;
}

/** With `include-system-site-packages` the packages of the Python that it was made with count too, and the user's own. */
async function foldersOf(
  files: Files,
  prefix: string,
  library: string | undefined,
  configuration: VirtualConfiguration,
  person: Person,
): Promise<string[]> {
  if (library === undefined) return [];
  const own = packageFolders(prefix, library, false);
  if (!configuration.usesSystemPackages || configuration.home === undefined) return own;
  const home = await files.realpath(configuration.home);
  const base = dirname(isFault(home) ? configuration.home : home);
  return [...own, ...userPackageFolders(person, library), ...packageFolders(base, library, true)];
}
