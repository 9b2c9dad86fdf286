import { dirname, join } from 'node:path';
import { expandFolder, splitFolders } from './conda-configuration';
import type { Expectation } from './inspection';

/** Where environments are looked for. What one place leads to (a root to its `envs`, a file to its prefixes) becomes further places. */
export type Place =
  /** One folder that may be an environment. */
  | { readonly look: 'prefix'; readonly path: string; readonly expectation: Expectation }
  /** A folder whose children may be environments. */
  | { readonly look: 'children'; readonly path: string; readonly expectation: Expectation }
  /** An installation of conda, mamba or micromamba: an environment itself, with more below `envs`. */
  | { readonly look: 'root'; readonly path: string }
  /** A `.condarc` or `.mambarc`, or a folder `condarc.d` of them. */
  | { readonly look: 'configuration'; readonly path: string }
  /** `environments.txt`. */
  | { readonly look: 'prefix-list'; readonly path: string }
  /** A folder with a project: `.venv`, `venv`, `.pixi/envs` and so on are looked at. */
  | { readonly look: 'project'; readonly path: string }
  /** A folder whose children are projects. */
  | { readonly look: 'projects'; readonly path: string }
  /** A folder of programs. */
  | { readonly look: 'programs'; readonly path: string }
  /** A folder of kernelspecs. */
  | { readonly look: 'kernelspecs'; readonly path: string }
  /** A folder that the user named: searched to the depth. */
  | { readonly look: 'tree'; readonly path: string; readonly depth: number };

/** Names under which people install conda, mamba and micromamba. */
const rootNames = [
  'miniconda3',
  'anaconda3',
  'miniforge3',
  'mambaforge',
  'micromamba',
  'conda',
  'miniconda',
  'anaconda',
  'miniforge',
  'mamba',
  'mambaforge-pypy3',
];

/** Folders in a project that hold its environment. */
export const projectEnvironmentNames = ['.venv', 'venv', '.env', 'env', '.conda', '.virtualenv'];

/** How deep a folder that the user named is searched. */
export const searchDepth = 4;

/**
 * Where to look, in the order in which the path of an environment that is found twice is chosen. `fileSystemRoot` is `/`; a test gives a
 * folder of its own in which the system's places are looked for.
 */
export function usualPlaces(
  homeFolder: string,
  variables: Readonly<Record<string, string | undefined>>,
  fileSystemRoot = '/',
): Place[] {
  const home = (...names: string[]) => join(homeFolder, ...names);
  const system = (...names: string[]) => join(fileSystemRoot, ...names);
  const children = (path: string, expectation: Expectation): Place => ({
    look: 'children',
    path,
    expectation,
  });
  const root = (path: string): Place => ({ look: 'root', path });
  const configured = (path: string): Place => ({ look: 'configuration', path });
  const expand = (path: string) => expandFolder(path, homeFolder, variables);
  const named = (name: string) => (variables[name] ? [expand(variables[name])] : []);
  const dataHome = named('XDG_DATA_HOME')[0] ?? home('.local', 'share');
  const configurationHome = named('XDG_CONFIG_HOME')[0] ?? home('.config');
  const cacheHome = named('XDG_CACHE_HOME')[0] ?? home('.cache');
  return [
    // Roots that the variables name, then those in the usual places.
    ...named('CONDA_EXE').map((path) => root(dirname(dirname(path)))),
    ...[...named('CONDA_ROOT'), ...named('MAMBA_ROOT_PREFIX')].map(root),
    ...rootNames.map((name) => root(home(name))),
    ...rootNames.slice(0, 5).flatMap((name) => [root(home(`.${name}`)), root(home('opt', name))]),
    ...[root(home('.mamba')), root(join(dataHome, 'mamba'))],
    ...rootNames.flatMap((name) => [root(system('opt', name)), root(system('usr', 'local', name))]),
    ...rootNames.slice(0, 5).flatMap((name) => [root(system(name)), root(system('srv', name))]),
    ...['srv/conda', 'opt/tljh/user', 'opt/intel/oneapi/intelpython'].map((path) => root(system(path))),
    ...rootNames.slice(0, 4).map((name) => root(system('opt/homebrew/Caskroom', name, 'base'))),
    // What conda and micromamba are configured with.
    ...splitFolders(variables['CONDA_ENVS_PATH'], homeFolder, variables).map((path) =>
      children(path, 'conda'),
    ),
    ...splitFolders(variables['CONDA_ENVS_DIRS'], homeFolder, variables).map((path) =>
      children(path, 'conda'),
    ),
    children(home('.conda', 'envs'), 'conda'),
    ...configurationFiles(system('etc', 'conda')).map(configured),
    ...configurationFiles(system('var', 'lib', 'conda')).map(configured),
    ...configurationFiles(join(configurationHome, 'conda')).map(configured),
    ...configurationFiles(home('.conda')).map(configured),
    ...['.condarc', '.mambarc'].map((name) => configured(home(name))),
    ...[...named('CONDARC'), ...named('MAMBARC')].map(configured),
    { look: 'prefix-list', path: home('.conda', 'environments.txt') },
    ...named('CONDA_PREFIX').map((path): Place => ({ look: 'prefix', path, expectation: 'perhaps' })),
    // pixi's global environments.
    children(join(named('PIXI_HOME')[0] ?? home('.pixi'), 'envs'), 'pixi'),
    // Virtual environments.
    ...named('VIRTUAL_ENV').map((path): Place => ({ look: 'prefix', path, expectation: 'perhaps' })),
    ...named('WORKON_HOME').map((path) => children(path, 'virtual')),
    ...['.virtualenvs', '.venvs', 'venvs', 'virtualenvs', '.envs'].map((name) =>
      children(home(name), 'virtual'),
    ),
    children(home('envs'), 'perhaps'),
    children(join(dataHome, 'virtualenvs'), 'virtual'),
    children(join(cacheHome, 'pypoetry', 'virtualenvs'), 'virtual'),
    children(home('Library', 'Caches', 'pypoetry', 'virtualenvs'), 'virtual'),
    { look: 'project', path: homeFolder },
    { look: 'projects', path: homeFolder },
    // Installed Pythons.
    children(join(named('PYENV_ROOT')[0] ?? home('.pyenv'), 'versions'), 'pyenv'),
    ...programFolders(homeFolder, variables, fileSystemRoot).map((path): Place => ({
      look: 'programs',
      path,
    })),
    ...jupyterFolders(homeFolder, dataHome, variables, fileSystemRoot).map((path): Place => ({
      look: 'kernelspecs',
      path: join(path, 'kernels'),
    })),
  ];
}

/** Places for the folders that the user named in the preferences. */
export function searchPlaces(folders: readonly string[], homeFolder: string): Place[] {
  return folders.map((folder) => ({
    look: 'tree',
    path: expandFolder(folder, homeFolder, {}),
    depth: searchDepth,
  }));
}

/** The configuration files of conda and mamba in one of the folders that they read. */
export function configurationFiles(folder: string): string[] {
  return ['.condarc', 'condarc', 'condarc.d', '.mambarc'].map((name) => join(folder, name));
}

/** The PATH, and where programs are on a host whose PATH the agent was not given. */
function programFolders(
  homeFolder: string,
  variables: Readonly<Record<string, string | undefined>>,
  fileSystemRoot: string,
): string[] {
  const listed = (variables['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const usual = ['usr/local/bin', 'usr/bin', 'bin', 'opt/homebrew/bin'].map((path) =>
    join(fileSystemRoot, path),
  );
  return [...new Set([...listed, join(homeFolder, '.local', 'bin'), ...usual])];
}

/** The data folders of Jupyter, in its own order (jupyter_core, "Common Directories and File Locations"). */
function jupyterFolders(
  homeFolder: string,
  dataHome: string,
  variables: Readonly<Record<string, string | undefined>>,
  fileSystemRoot: string,
): string[] {
  const listed = (variables['JUPYTER_PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [
    ...listed,
    variables['JUPYTER_DATA_DIR'] ?? join(dataHome, 'jupyter'),
    join(homeFolder, 'Library', 'Jupyter'),
    join(fileSystemRoot, 'usr', 'local', 'share', 'jupyter'),
    join(fileSystemRoot, 'usr', 'share', 'jupyter'),
    join(homeFolder, '.ipython'),
  ];
}
