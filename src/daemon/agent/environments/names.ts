import { basename, dirname } from 'node:path';

/** Names of folders that say nothing of what is in them: such an environment is named after its project. */
const plainNames = new Set(['.venv', 'venv', '.env', 'env', '.conda', '.virtualenv', 'virtualenv']);

/** The name that people know a conda environment by: `base`, what stands below `envs`, or the folder. */
export function nameOfCondaEnvironment(prefix: string, isBase: boolean): string {
  return isBase ? 'base' : nameOfFolder(prefix);
}

/** The name of a pixi environment: `tools` of a global one, `project` or `project:test` of a project's. */
export function nameOfPixiEnvironment(prefix: string, homeFolder: string): string {
  const folder = dirname(prefix);
  const pixi = dirname(folder);
  if (basename(folder) !== 'envs' || basename(pixi) !== '.pixi') return nameOfFolder(prefix);
  const project = dirname(pixi);
  const own = basename(prefix);
  if (project === homeFolder) return own;
  return own === 'default' ? basename(project) : `${basename(project)}:${own}`;
}

/** The name of a virtual environment: its prompt if one was chosen, the project of a `.venv`, or the folder. */
export function nameOfVirtualEnvironment(prefix: string, prompt: string | undefined): string {
  return prompt ?? nameOfFolder(prefix);
}

/** The folder's own name, or the project's above it where the folder's says nothing. */
export function nameOfFolder(prefix: string): string {
  const own = basename(prefix);
  const above = basename(dirname(prefix));
  return plainNames.has(own) && above !== '' ? above : own;
}
