import { basename, dirname, isAbsolute, join } from 'node:path';
import { parseJson } from '../../../base/parse';
import type { Environment } from '../../../protocol/environments';
import { parseKernelspecFile, type Kernelspec } from '../../../protocol/jupyter';
import { isFault, readText, type Files } from './files';
import { optional } from './find-packages';
import { checkProgram } from './find-python';
import { environmentId, type KernelspecFound, type Person, type Problem } from './inspection';
import { ownerOf } from './users';

/** A kernelspec file is small; what is larger is none. */
const maxKernelspecBytes = 1024 * 1024;

/** The kernelspecs in an environment's `share/jupyter/kernels`, except those that only start the environment's own Python. */
export async function findKernelspecs(
  files: Files,
  environment: Environment,
  person: Person,
): Promise<KernelspecFound[]> {
  const { prefix } = environment;
  const real = await files.realpath(prefix);
  const found = await inspectKernelspecFolder(
    files,
    join(prefix, 'share', 'jupyter', 'kernels'),
    person,
    environment,
  );
  return found.filter(
    ({ repeatedPrefix }) =>
      repeatedPrefix === undefined || (repeatedPrefix !== prefix && repeatedPrefix !== real),
  );
}

/** Describes every kernelspec in a `kernels` folder. `within` is the environment that the folder belongs to, if it does to one. */
export async function inspectKernelspecFolder(
  files: Files,
  folder: string,
  person: Person,
  within?: Environment,
): Promise<KernelspecFound[]> {
  const entries = await files.list(folder);
  if (isFault(entries)) return [];
  const found = await Promise.all(
    entries
      .filter((entry) => entry.type === 'folder' || entry.type === 'link')
      .map((entry) => inspectKernelspec(files, join(folder, entry.name), person, within)),
  );
  return found.flatMap((kernelspec) => (kernelspec === undefined ? [] : [kernelspec]));
}

/** Describes the kernelspec in a folder; `undefined` when the folder has no `kernel.json`. */
export async function inspectKernelspec(
  files: Files,
  folder: string,
  person: Person,
  within?: Environment,
): Promise<KernelspecFound | undefined> {
  const file = join(folder, 'kernel.json');
  const facts = await files.stat(file);
  if (isFault(facts) && facts.fault === 'absent') return undefined;
  const text = await readText(files, file, maxKernelspecBytes);
  const real = await files.realpath(folder);
  const base = {
    id: environmentId('kernelspec', isFault(real) ? folder : real),
    kind: 'kernelspec',
    prefix: folder,
    isWritable: await files.canWrite(folder),
    ...ownerOf(isFault(facts) ? [] : [facts.uid], person),
  } as const;
  const result = text === undefined ? undefined : parseJson(text, parseKernelspecFile);
  if (result?.ok !== true) {
    const reason = result === undefined ? 'kernel.json cannot be read' : result.error.message;
    const problem: Problem = { code: 'kernelspec-unreadable', message: reason };
    return { environment: { ...base, name: basename(folder), language: 'unknown', problem } };
  }
  const spec = result.value;
  const program = spec.argv[0] ?? '';
  const problem = isAbsolute(program) ? await problemOf(files, program) : undefined;
  const shown = spec.display_name.trim() === '' ? basename(folder) : spec.display_name;
  return {
    environment: {
      ...base,
      name: within === undefined ? shown : `${shown} (${within.name})`,
      language: spec.language,
      kernelspec: { name: basename(folder), displayName: shown, interruptMode: spec.interrupt_mode },
      ...(problem === undefined ? {} : { problem }),
    },
    ...optional('repeatedPrefix', repeatedPrefixOf(spec, within?.prefix)),
  };
}

async function problemOf(files: Files, program: string): Promise<Problem | undefined> {
  const found = await checkProgram(files, program);
  if (found !== undefined && found.problem === undefined) return undefined;
  const message = `its program ${program} ${found === undefined ? 'is not there' : 'cannot be run'}`;
  return { code: 'program-missing', message };
}

/**
 * The prefix whose Python a kernelspec starts as a plain ipykernel, without variables or options of its own: such a kernelspec says nothing
 * that the environment does not.
 */
export function repeatedPrefixOf(spec: Kernelspec, ownPrefix: string | undefined): string | undefined {
  const [program = '', ...options] = spec.argv;
  if (spec.language.toLowerCase() !== 'python' || Object.keys(spec.env).length > 0) return undefined;
  const rest = options.filter((option) => !/^-Xfrozen_modules=\w+$/.test(option));
  const isPlain =
    rest.length === 4 &&
    rest[0] === '-m' &&
    /^(?:ipykernel_launcher|ipykernel)$/.test(rest[1] ?? '') &&
    rest[2] === '-f' &&
    rest[3] === '{connection_file}';
  if (!isPlain || !/^python[\d.]*$/.test(basename(program))) return undefined;
  return isAbsolute(program) ? dirname(dirname(program)) : ownPrefix;
}
