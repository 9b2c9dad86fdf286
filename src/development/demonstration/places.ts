import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder, cacheRoot } from '../cached-folder';
import { pathExists } from '../paths';
import { makePythonEnvironment } from '../python-environment';
import { repository } from '../repository';

/** Where the demonstration lives: a home of its own in the cache, so that the person's own hosts, keys and kernels stay as they are. */
export interface Places {
  readonly home: string;
  /** The folder that the editor opens, with the example notebook in it. */
  readonly workspace: string;
  /** The example notebook. */
  readonly notebook: string;
  /** What the editor keeps. */
  readonly editor: string;
  /** The environment of everything that the demonstration starts. */
  readonly environment: NodeJS.ProcessEnv;
}

/** The name of the example environment, as the list of environments shows it. */
export const exampleName = 'example';

const examplePackages = ['ipykernel==7.4.0', 'numpy==2.4.6', 'matplotlib==3.11.2'];

/** Makes the folders and copies the example notebook, unless they are there from an earlier start. */
export async function preparePlaces(): Promise<Places> {
  const folder = join(cacheRoot(), 'demonstration');
  const home = join(folder, 'home');
  const workspace = join(home, 'notebooks');
  const notebook = join(workspace, 'example.ipynb');
  await mkdir(workspace, { recursive: true, mode: 0o700 });
  if (!(await pathExists(notebook)))
    await cp(join(repository, 'media', 'example', 'example.ipynb'), notebook);
  return { home, workspace, notebook, editor: join(folder, 'editor'), environment: environmentOf(home) };
}

/** A folder that holds the example environment and nothing else, made the first time and kept. */
export function preparedExample(signal: AbortSignal): Promise<string> {
  return cachedFolder(
    {
      name: `example-environment-${examplePackages.map((name) => name.split('==')[1]).join('-')}`,
      build: async (folder) => makePythonEnvironment(join(folder, exampleName), examplePackages, signal),
    },
    signal,
  );
}

/** Puts the example environment where the environments of a person with that home usually are. Resolves with its folder. */
export async function prepareExampleEnvironment(home: string, signal: AbortSignal): Promise<string> {
  const environments = await preparedExample(signal);
  const link = join(home, '.virtualenvs');
  await rm(link, { force: true });
  await symlink(environments, link);
  return join(environments, exampleName);
}

function environmentOf(home: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, HOME: home };
  for (const name of Object.keys(environment)) {
    if (/^(NODE_OPTIONS|JPY_|JUPYTER|VIRTUAL_ENV|PYTHON|XDG_|VSCODE_)/.test(name))
      Reflect.deleteProperty(environment, name);
  }
  return environment;
}
