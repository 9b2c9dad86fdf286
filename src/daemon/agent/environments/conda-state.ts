import { join } from 'node:path';
import { listNames, readText, type Files } from './files';

/** What conda writes in `conda-meta/state` for a variable that was taken away. */
const unset = '***unset***';

/**
 * The variables that activating a conda environment sets: those of packages (`etc/conda/env_vars.d/*.json`), then those that the user set with
 * `conda env config vars set` (`conda-meta/state`), as in conda's documentation, "Setting environment variables".
 */
export async function readCondaVariables(files: Files, prefix: string): Promise<Record<string, string>> {
  const folder = join(prefix, 'etc', 'conda', 'env_vars.d');
  const names = (await listNames(files, folder)).filter((name) => name.endsWith('.json')).sort();
  const texts = await Promise.all(names.map((name) => readText(files, join(folder, name), 1024 * 1024)));
  const state = await readText(files, join(prefix, 'conda-meta', 'state'), 1024 * 1024);
  return Object.assign({}, ...texts.map(parsePackageVariables), parseState(state)) as Record<string, string>;
}

/** `env_vars` of a `conda-meta/state`. */
export function parseState(text: string | undefined): Record<string, string> {
  const state = parseObject(text);
  return 'env_vars' in state ? textValues(state.env_vars) : {};
}

/** A package's file of variables: an object of strings. */
export function parsePackageVariables(text: string | undefined): Record<string, string> {
  return textValues(parseObject(text));
}

function parseObject(text: string | undefined): object {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '{}');
  } catch {
    // conda, too, activates an environment whose state file is damaged, without its variables.
    return {};
  }
  return typeof value === 'object' && value !== null ? value : {};
}

function textValues(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && entry[1] !== unset && /^[A-Za-z_]\w*$/.test(entry[0]),
  );
  return Object.fromEntries(entries);
}
