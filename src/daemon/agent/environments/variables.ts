/** The variables of a process. */
export type Variables = Readonly<Record<string, string>>;

/**
 * Variables that mislead whatever Python is started with them: `JPY_PARENT_PID` makes ipykernel end with a process that is not its parent,
 * `PYTHONHOME` is right for one Python only, the others belong to another kernel or to the editor.
 */
const misleadingNames =
  /^(?:PYTHONHOME|__PYVENV_LAUNCHER__|JPY_PARENT_PID|JPY_SESSION_NAME|VSCODE_.*|ELECTRON_.*|REMOTE_KERNELS_.*)$/;

/** Variables that were set for the program around us. A user's own of the same name come back from the login shell. */
const ourNames = /^(?:NODE_OPTIONS|NODE_CHANNEL_.*|NODE_UNIQUE_ID|LD_PRELOAD|DYLD_INSERT_LIBRARIES)$/;

/** What an active environment of any tool leaves in the variables. */
const activeNames =
  /^(?:CONDA_PREFIX(?:_\d+)?|CONDA_DEFAULT_ENV|CONDA_SHLVL|CONDA_PROMPT_MODIFIER|CONDA_STACKED_\d+|CONDA_ENV_SHLVL_\d+_.*|CONDA_EXE|CONDA_PYTHON_EXE|_CE_CONDA|_CE_M|_CONDA_.*|VIRTUAL_ENV(?:_PROMPT)?|PYENV_VERSION|PYENV_VIRTUAL_ENV|PIXI_(?:PROJECT_.*|ENVIRONMENT_.*|PROMPT|IN_SHELL|EXE))$/;

/** What a shell says of itself. */
const shellNames = new Set(['_', 'SHLVL', 'PWD', 'OLDPWD']);

/** What a login shell or a kernel may inherit from the program around us. */
export function withoutOurs(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return pick(variables, (name) => !ourNames.test(name) && !misleadingNames.test(name));
}

/** Without what misleads a Python, wherever it comes from. */
export function withoutMisleading(variables: Variables): Record<string, string> {
  return pick(variables, (name) => !misleadingNames.test(name));
}

/** Without what a shell says of itself: the working directory and depth of the shell that we read are not those of a kernel. */
export function withoutShellState(variables: Variables): Record<string, string> {
  return pick(variables, (name) => !shellNames.has(name));
}

/**
 * As if every active environment was left: its variables are gone and its programs are off the PATH. What its scripts set beyond that stays,
 * since only the scripts know.
 */
export function withoutActiveEnvironment(variables: Variables): Record<string, string> {
  const prefixes = Object.entries(variables)
    .filter(([name]) => /^(?:CONDA_PREFIX(?:_\d+)?|VIRTUAL_ENV)$/.test(name))
    .map(([, prefix]) => prefix.replace(/\/+$/, ''))
    .filter((prefix) => prefix !== '');
  const programs = new Set(prefixes.map((prefix) => `${prefix}/bin`));
  const rest = pick(variables, (name) => !activeNames.test(name));
  const path = rest['PATH'];
  if (path !== undefined && programs.size > 0) {
    rest['PATH'] = path
      .split(':')
      .filter((folder) => !programs.has(folder.replace(/\/+$/, '')))
      .join(':');
  }
  return rest;
}

/** The PATH with the folder first; it is not there a second time. */
export function prependPath(path: string | undefined, folder: string): string {
  const others = (path ?? '').split(':').filter((other) => other !== '' && other !== folder);
  return [folder, ...others].join(':');
}

/** The PATH of a host that has told us none. */
export const fallbackPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function pick(
  variables: Readonly<Record<string, string | undefined>>,
  isKept: (name: string) => boolean,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined && isKept(name)) kept[name] = value;
  }
  return kept;
}
