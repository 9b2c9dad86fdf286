import { basename, dirname, isAbsolute, join } from 'node:path';
import { parseJson } from '../../../base/parse';
import { toSingleLine } from '../../../base/text';
import type { Environment } from '../../../protocol/environments';
import { WireError } from '../../../protocol/errors';
import { parseKernelspecFile, type Kernelspec } from '../../../protocol/jupyter';
import { activate, type ActivationOptions } from './activation';
import { isFault, readText, type Files } from './files';
import { inspectPrefix } from './inspect-prefix';
import type { Person } from './inspection';
import { brokenEnvironment, shown } from './launch-python';
import type { Variables } from './variables';

/** How a kernelspec's kernel is started. */
export interface KernelspecLaunch {
  readonly argv: string[];
  readonly variables: Record<string, string>;
  readonly spec: Kernelspec;
  readonly name: string;
  readonly transport: 'ipc' | 'tcp';
}

/**
 * Reads a kernelspec again and makes its command: `{resource_dir}` and `{prefix}` replaced, `{connection_file}` left to the keeper, the program
 * absolute, and the environment that its program belongs to activated. Throws {@link WireError} `kernelspec-not-found` or
 * `environment-broken`.
 */
export async function planKernelspecLaunch(
  environment: Environment,
  loginVariables: Variables,
  person: Person,
  options: ActivationOptions,
): Promise<KernelspecLaunch> {
  const { files } = options;
  const spec = await readSpec(files, environment);
  const owner = await owningEnvironment(files, environment, spec, person);
  const active =
    owner === undefined
      ? await activate(
          { kind: 'kernelspec', prefix: environment.prefix, name: environment.name },
          loginVariables,
          options,
        )
      : await activate(owner, loginVariables, options);
  const variables = { ...active, ...expandVariables(spec.env, active) };
  const resources = {
    resource_dir: environment.prefix,
    ...(owner === undefined ? {} : { prefix: owner.prefix }),
  };
  const [first = '', ...rest] = spec.argv.map((word) => expandWord(word, resources));
  const program = await findProgram(files, first, owner, variables);
  if (program === undefined) {
    const message = `its program ${first} is not there, nor on the PATH of your login shell`;
    throw brokenEnvironment({ ...environment, problem: { code: 'program-missing', message } });
  }
  const argv = [program, ...rest];
  return { argv, variables, spec, name: basename(environment.prefix), transport: transportOf(argv) };
}

/** Kernels that are known to take sockets in a private folder; others listen on TCP. */
export function transportOf(argv: readonly string[]): 'ipc' | 'tcp' {
  const at = argv.indexOf('-m');
  const module = at < 0 ? undefined : argv[at + 1];
  const isKnown =
    module === 'ipykernel_launcher' || module === 'ipykernel' || module === 'spyder_kernels.console';
  return isKnown ? 'ipc' : 'tcp';
}

/** Replaces `{name}` for names that are given; others, such as `{connection_file}`, stay. */
export function expandWord(word: string, values: Readonly<Record<string, string>>): string {
  return word.replace(/\{([A-Za-z0-9_]+)\}/g, (written, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? written) : written,
  );
}

/** Values of a kernelspec's `env` may refer to variables as `${NAME}` or `$NAME` (jupyter_client); unknown ones stay as written, `$$` is a dollar. */
export function expandVariables(
  env: Readonly<Record<string, string>>,
  variables: Variables,
): Record<string, string> {
  const expanded: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    expanded[name] = value.replace(
      /\$(?:(\$)|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g,
      (written, dollar: string | undefined, braced: string | undefined, bare: string | undefined) =>
        dollar ?? variables[braced ?? bare ?? ''] ?? written,
    );
  }
  return expanded;
}

async function readSpec(files: Files, environment: Environment): Promise<Kernelspec> {
  const text = await readText(files, join(environment.prefix, 'kernel.json'), 1024 * 1024);
  if (text === undefined) {
    throw new WireError(
      'kernelspec-not-found',
      `the kernelspec ${toSingleLine(environment.name)} is no longer in ${toSingleLine(environment.prefix)}. Install it again or choose another.`,
    );
  }
  const result = parseJson(text, parseKernelspecFile);
  if (result.ok) return result.value;
  throw new WireError(
    'environment-broken',
    `${shown(environment)} cannot run kernels: ${result.error.message}.`,
  );
}

/** The environment in whose `share/jupyter` the kernelspec is installed, else the one that its program belongs to. */
async function owningEnvironment(
  files: Files,
  environment: Environment,
  spec: Kernelspec,
  person: Person,
): Promise<Environment | undefined> {
  const program = spec.argv[0] ?? '';
  const above = /^(.*)\/share\/jupyter\/kernels\/[^/]+$/.exec(environment.prefix)?.[1];
  const candidates = [above, isAbsolute(program) ? dirname(dirname(program)) : undefined];
  for (const prefix of candidates) {
    if (prefix === undefined || prefix === '') continue;
    const real = await files.realpath(prefix);
    if (isFault(real)) continue;
    const found = await inspectPrefix(files, { prefix, realPrefix: real, expectation: 'perhaps' }, person);
    if (found !== undefined) return found.environment;
  }
  return undefined;
}

/** A bare `python` is that of the kernelspec's own environment; any other bare name is looked for on the PATH. */
async function findProgram(
  files: Files,
  program: string,
  owner: Environment | undefined,
  variables: Variables,
): Promise<string | undefined> {
  if (program.includes('/')) return (await files.canExecute(program)) ? program : undefined;
  const isPython = /^python(?:3(?:\.\d+)?)?$/.test(program);
  if (isPython && owner?.python !== undefined && owner.problem === undefined) return owner.python;
  const names = program === 'python' ? ['python', 'python3'] : [program];
  const folders = (variables['PATH'] ?? '').split(':').filter((folder) => isAbsolute(folder));
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      const facts = await files.stat(path);
      if (!isFault(facts) && facts.type === 'file' && (await files.canExecute(path))) return path;
    }
  }
  return undefined;
}
