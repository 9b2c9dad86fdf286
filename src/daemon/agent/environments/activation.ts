import { basename, dirname, join } from 'node:path';
import type { Environment } from '../../../protocol/environments';
import type { Logger } from '../../../base/logger';
import { runActivationScripts } from './activation-scripts';
import { readCondaVariables } from './conda-state';
import { isFault, type Files } from './files';
import { prependPath, withoutActiveEnvironment, type Variables } from './variables';

/** What is activated: an environment of the catalog, or the prefix that a kernelspec's program belongs to. */
export type ActivationTarget = Pick<Environment, 'kind' | 'prefix' | 'name'> & {
  readonly python?: string;
  readonly isBase?: boolean;
};

/** What activation needs beside its target. */
export interface ActivationOptions {
  readonly files: Files;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/**
 * The variables of a process in the activated environment, from those of the login shell: what another active environment left is taken away, the
 * environment's programs come first on the PATH, and for conda and pixi its variables are set and its scripts in `etc/conda/activate.d` are
 * run by a real shell (once, until they change). A script that fails or hangs is logged and stops nothing.
 */
export async function activate(
  target: ActivationTarget,
  loginVariables: Variables,
  options: ActivationOptions,
): Promise<Record<string, string>> {
  const base = withoutActiveEnvironment(loginVariables);
  const { prefix, name } = target;
  const path = prependPath(base['PATH'], join(prefix, 'bin'));
  switch (target.kind) {
    case 'conda':
    case 'mamba':
    case 'micromamba':
    case 'pixi':
      return activateConda(target, { ...base, PATH: path }, options);
    case 'venv':
    case 'virtualenv':
    case 'uv':
      return { ...base, PATH: path, VIRTUAL_ENV: prefix, VIRTUAL_ENV_PROMPT: name };
    case 'pyenv':
      return { ...base, PATH: path, PYENV_VERSION: basename(prefix) };
    case 'system': {
      const folder = dirname(target.python ?? join(prefix, 'bin', 'python3'));
      const isOnPath = (base['PATH'] ?? '').split(':').includes(folder);
      return isOnPath ? base : { ...base, PATH: prependPath(base['PATH'], folder) };
    }
    case 'kernelspec':
      return base;
  }
}

async function activateConda(
  target: ActivationTarget,
  base: Variables,
  options: ActivationOptions,
): Promise<Record<string, string>> {
  const { prefix } = target;
  const shownName = condaName(target);
  const variables: Record<string, string> = {
    ...base,
    CONDA_PREFIX: prefix,
    CONDA_DEFAULT_ENV: shownName,
    CONDA_PROMPT_MODIFIER: `(${shownName}) `,
    CONDA_SHLVL: '1',
    ...(await condaProgram(target, options.files)),
    ...pixiVariables(target),
    ...(await readCondaVariables(options.files, prefix)),
  };
  return runActivationScripts(prefix, variables, options);
}

/** As conda itself names it: `base`, the name below an `envs` folder, else the whole prefix. */
function condaName(target: ActivationTarget): string {
  if (target.isBase === true) return 'base';
  if (target.kind === 'pixi') return target.name;
  return basename(dirname(target.prefix)) === 'envs' ? basename(target.prefix) : target.prefix;
}

/** Scripts of conda packages look for `CONDA_EXE`; it is set when the installation is known by its place. */
async function condaProgram(target: ActivationTarget, files: Files): Promise<Record<string, string>> {
  if (target.kind === 'pixi') return {};
  const root = target.isBase === true ? target.prefix : dirname(dirname(target.prefix));
  const [conda, python] = [join(root, 'bin', 'conda'), join(root, 'bin', 'python')];
  if (isFault(await files.stat(conda))) return {};
  return { CONDA_EXE: conda, CONDA_PYTHON_EXE: python };
}

/** What `pixi shell` sets, as far as it does not stand in the project's manifest. */
function pixiVariables({ kind, prefix }: ActivationTarget): Record<string, string> {
  const pixi = dirname(dirname(prefix));
  if (kind !== 'pixi' || basename(pixi) !== '.pixi') return {};
  return { PIXI_PROJECT_ROOT: dirname(pixi), PIXI_ENVIRONMENT_NAME: basename(prefix), PIXI_IN_SHELL: '1' };
}
