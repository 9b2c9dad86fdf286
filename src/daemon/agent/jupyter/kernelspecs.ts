import { readdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { failed, parseJson, type Parsed } from '../../../base/parse';
import {
  canRunKernels,
  parseEnvironmentKernelspecName,
  type Environment,
  type EnvironmentKind,
} from '../../../protocol/environments';
import { parseKernelspecFile, type Kernelspec, type Kernelspecs } from '../../../protocol/jupyter';
import { ownKernelspecName } from '../kernels/launch-kernel';

/** The name under which every Jupyter program expects a Python kernel. */
export const pythonKernelspecName = 'python3';

/** One kernelspec as the API gives it. */
export type KernelspecModel = Kernelspecs['kernelspecs'][string];

/** Which of several Pythons is taken when a client only says `python3` and none of them is on the PATH. */
const kindOrder: readonly EnvironmentKind[] = [
  'conda',
  'mamba',
  'micromamba',
  'pyenv',
  'system',
  'uv',
  'venv',
  'virtualenv',
  'pixi',
];

/**
 * The environments under the names by which Jupyter clients ask for them: `env-<id>`, an installed kernelspec under its own, and `python3` for the
 * default Python where no installed kernelspec has that name.
 */
export function nameKernelspecs(
  environments: readonly Environment[],
  searchPath: string,
): Map<string, Environment> {
  const usable = environments.filter((environment) => canRunKernels(environment));
  const named = new Map<string, Environment>();
  const installed = usable.filter((environment) => environment.kind === 'kernelspec');
  // The user's own kernelspec hides the system's of the same name, as in Jupyter.
  for (const environment of [...installed].sort((a, b) => ownership(a) - ownership(b))) {
    const name = ownKernelspecName(environment);
    if (!named.has(name)) named.set(name, environment);
  }
  for (const environment of usable) {
    if (environment.kind !== 'kernelspec') named.set(ownKernelspecName(environment), environment);
  }
  const python = chooseDefaultPython(usable, searchPath);
  if (!named.has(pythonKernelspecName) && python !== undefined) named.set(pythonKernelspecName, python);
  return named;
}

/** The name that a client gets when it asks for none. */
export function defaultKernelspecName(named: ReadonlyMap<string, Environment>): string {
  if (named.has(pythonKernelspecName)) return pythonKernelspecName;
  return [...named.keys()][0] ?? pythonKernelspecName;
}

/** The environment behind a name, `undefined` when there is none; without a name the default. An `env-<id>` need not be able to run kernels. */
export function resolveKernelspec(
  environments: readonly Environment[],
  name: string | null | undefined,
  searchPath: string,
): { readonly name: string; readonly environment: Environment } | undefined {
  const named = nameKernelspecs(environments, searchPath);
  const wanted = name ?? defaultKernelspecName(named);
  const id = parseEnvironmentKernelspecName(wanted);
  const environment =
    id === undefined ? named.get(wanted) : environments.find((candidate) => candidate.id === id);
  return environment === undefined ? undefined : { name: wanted, environment };
}

/** The model of one kernelspec; `undefined`, and a line in the log, when its file cannot be read any more. */
export async function describeKernelspec(
  name: string,
  environment: Environment,
  logger: Logger,
): Promise<KernelspecModel | undefined> {
  const file = await readKernelspec(environment);
  const resources = await listResources(name, environment);
  if (environment.kind !== 'kernelspec')
    return { name, spec: describeEnvironment(environment, file.ok ? file.value.metadata : {}), resources };
  if (file.ok) return { name, spec: toMutable(file.value), resources };
  logger.warn(`kernelspec ${environment.prefix}: ${file.error.message}`);
  return undefined;
}

/** The folder with the logos: a kernelspec's own, or of the one that `ipykernel` brings into an environment. */
export function kernelspecFolder(environment: Environment): string {
  if (environment.kind === 'kernelspec') return environment.prefix;
  return join(environment.prefix, 'share', 'jupyter', 'kernels', pythonKernelspecName);
}

/** Whether a file of a kernelspec's folder is one that clients may have. */
export function isKernelspecResource(file: string): boolean {
  return file === 'kernel.js' || file === 'kernel.css' || /^logo-[\w.-]+$/.test(file);
}

function chooseDefaultPython(usable: readonly Environment[], searchPath: string): Environment | undefined {
  const folders = searchPath.split(delimiter);
  const rank = (environment: Environment): readonly number[] => {
    const onPath = environment.python === undefined ? -1 : folders.indexOf(dirname(environment.python));
    return [
      onPath < 0 ? folders.length : onPath,
      environment.isBase === true ? 0 : 1,
      kindOrder.indexOf(environment.kind),
    ];
  };
  return usable
    .filter((environment) => environment.kind !== 'kernelspec' && environment.owner !== 'other')
    .map((environment) => ({ environment, rank: rank(environment) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))[0]?.environment;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function ownership(environment: Environment): number {
  return environment.owner === 'self' ? 0 : 1;
}

async function readKernelspec(environment: Environment): Promise<Parsed<Kernelspec>> {
  try {
    return parseJson(
      await readFile(join(kernelspecFolder(environment), 'kernel.json'), 'utf8'),
      parseKernelspecFile,
    );
  } catch (error) {
    return failed(toError(error).message);
  }
}

function describeEnvironment(
  environment: Environment,
  metadata: Readonly<Record<string, unknown>>,
): KernelspecModel['spec'] {
  const program = environment.ipykernel === undefined ? 'spyder_kernels.console' : 'ipykernel_launcher';
  const version = environment.pythonVersion === undefined ? '' : ` (Python ${environment.pythonVersion})`;
  return {
    argv: [environment.python ?? 'python', '-m', program, '-f', '{connection_file}'],
    env: {},
    display_name: `${environment.name}${version}`,
    language: environment.language,
    interrupt_mode: 'signal',
    metadata: { ...withoutEncryption(metadata), debugger: environment.ipykernel !== undefined },
  };
}

/** How a kernel's own sockets can be encrypted: nothing that a client of ours could use, since only its keeper reaches them. */
function withoutEncryption(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== 'supported_encryption'));
}

async function listResources(name: string, environment: Environment): Promise<Record<string, string>> {
  const resources: Record<string, string> = {};
  // An environment without that folder, or an unreadable one, has no resources.
  for (const file of await readdir(kernelspecFolder(environment)).catch(() => [])) {
    if (!isKernelspecResource(file)) continue;
    const key = file.startsWith('logo-') ? file.replace(/\.[^.]*$/, '') : file;
    resources[key] = `/kernelspecs/${encodeURIComponent(name)}/${encodeURIComponent(file)}`;
  }
  return resources;
}

function toMutable(spec: Kernelspec): KernelspecModel['spec'] {
  return { ...spec, argv: [...spec.argv], env: { ...spec.env }, metadata: { ...spec.metadata } };
}
