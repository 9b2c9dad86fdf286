import { isAbsolute, join } from 'node:path';
import type { EnvironmentKind } from '../../../protocol/environments';

/**
 * The prefixes in `~/.conda/environments.txt`: one absolute path a line, as conda and micromamba write it. Anything else in it is passed over.
 */
export function parseEnvironmentsFile(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').trim());
  return [...new Set(lines.filter((line) => isAbsolute(line)))];
}

/**
 * The folders that `envs_dirs` (or its older name `envs_path`) gives in a `.condarc` or `.mambarc`. These files are YAML; understood are the
 * forms in which conda and its documentation write the key: a block list, a list in brackets, one value.
 */
export function parseEnvironmentFolders(
  text: string,
  homeFolder: string,
  variables: Readonly<Record<string, string | undefined>>,
): string[] {
  const found: string[] = [];
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    const key = /^['"]?([A-Za-z_]+)['"]?\s*:(?:\s+(.*)|\s*)$/.exec(line);
    if (key !== null) {
      isInside = key[1] === 'envs_dirs' || key[1] === 'envs_path';
      if (isInside) found.push(...parseInlineValue(key[2] ?? ''));
    } else if (isInside) {
      const item = /^\s*-\s+(.*)$/.exec(line);
      if (item !== null) found.push(...parseInlineValue(item[1] ?? ''));
      else if (/^\s*(#.*)?$/.exec(line) === null) isInside = false;
    }
  }
  return found
    .map((folder) => expandFolder(folder, homeFolder, variables))
    .filter((folder) => isAbsolute(folder));
}

/** The folders of `CONDA_ENVS_PATH` and `CONDA_ENVS_DIRS`. */
export function splitFolders(
  value: string | undefined,
  homeFolder: string,
  variables: Readonly<Record<string, string | undefined>>,
): string[] {
  return (value ?? '')
    .split(':')
    .map((folder) => expandFolder(folder.trim(), homeFolder, variables))
    .filter((folder) => isAbsolute(folder));
}

/** Replaces a leading `~` and `$NAME` or `${NAME}`; an unknown variable stays as it is written. */
export function expandFolder(
  folder: string,
  homeFolder: string,
  variables: Readonly<Record<string, string | undefined>>,
): string {
  const atHome = folder === '~' || folder.startsWith('~/') ? join(homeFolder, folder.slice(1)) : folder;
  return atHome.replace(
    /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g,
    (written, braced: string | undefined, bare: string | undefined) =>
      variables[braced ?? bare ?? ''] ?? written,
  );
}

/** Which tool made an environment, by the first command in its `conda-meta/history`. */
export function parseHistoryKind(history: string): EnvironmentKind | undefined {
  const command = /^# cmd: *(.*)$/m.exec(history)?.[1];
  if (command === undefined) return undefined;
  const words = command.split(/\s+/);
  // A path with blanks in it spreads over several words: the first that names a tool decides.
  for (const word of words.slice(0, 8)) {
    const program = word.slice(word.lastIndexOf('/') + 1).replace(/\.(exe|bat|py)$/, '');
    if (program === 'micromamba' || program === 'mamba' || program === 'conda') return program;
  }
  return undefined;
}

/** The version in the name of a record such as `conda-meta/ipykernel-6.29.5-pyh3099207_0.json`, for a package of that name. */
export function findCondaPackage(names: readonly string[], packageName: string): string | undefined {
  for (const name of names) {
    if (!name.startsWith(`${packageName}-`) || !name.endsWith('.json')) continue;
    const match = /^(\d[^-]*)-[^-]+\.json$/.exec(name.slice(packageName.length + 1));
    if (match?.[1] !== undefined) return match[1];
  }
  return undefined;
}

function parseInlineValue(text: string): string[] {
  const value = text.trim();
  if (value.startsWith('[')) {
    const end = value.indexOf(']');
    return value
      .slice(1, end < 0 ? undefined : end)
      .split(',')
      .flatMap(parseScalar);
  }
  return parseScalar(value);
}

function parseScalar(text: string): string[] {
  const value = text.trim();
  const quoted = /^'((?:[^']|'')*)'|^"((?:[^"\\]|\\.)*)"/.exec(value);
  if (quoted !== null) {
    const single = quoted[1]?.replace(/''/g, "'");
    const double = quoted[2]?.replace(/\\(.)/g, '$1');
    return [single ?? double ?? ''].filter((folder) => folder !== '');
  }
  const plain = value.replace(/(^|\s)#.*$/, '').trim();
  return plain === '' || plain === 'null' ? [] : [plain];
}
