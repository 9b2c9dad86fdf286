import { join } from 'node:path';
import { cachedFolder } from '../../src/development/cached-folder';
import { makePythonEnvironment, pythonIn } from '../../src/development/python-environment';

/** What each prepared environment holds, with exact versions: a test that fails tomorrow fails because of a change of ours. */
const packagesOf = {
  /** The current ipykernel. */
  ipykernel: ['ipykernel==7.4.0'],
  /** The oldest ipykernel that is supported. */
  'ipykernel-6': ['ipykernel==6.0.3', 'ipython==7.34.0', 'ipython_genutils==0.2.0', 'jupyter_client==6.1.12'],
  /** A kernel of another language, which knows only TCP. */
  'bash-kernel': ['bash_kernel==0.10.0', 'ipykernel==7.4.0'],
  /** A Python without any kernel. */
  bare: [],
  /** The peers that speak to our agent from Python. */
  jupyter: ['jupyter_server==2.21.1', 'nbclient==0.11.0', 'ipykernel==7.4.0'],
  /** Spyder's kernel, the other launcher. */
  spyder: ['spyder-kernels==3.1.6'],
} as const satisfies Record<string, readonly string[]>;

/** The name of an environment that tests can ask for. */
export type PreparedEnvironmentName = keyof typeof packagesOf;

/** A Python environment on this machine. Tests share it and change nothing in it. */
export interface PreparedEnvironment {
  /** The folder of the environment, with `bin/` inside. */
  readonly prefix: string;
  /** Its interpreter. */
  readonly python: string;
}

/** Changes when an environment is made differently, so that the old one is not used any more. */
const recipe = 1;

/**
 * An environment with known packages, made with the system's Python the first time (up to a minute) and kept in the cache of the person who
 * runs the tests. Any number of test processes may ask for the same one at once.
 */
export async function preparedEnvironment(name: PreparedEnvironmentName): Promise<PreparedEnvironment> {
  const packages = packagesOf[name];
  const version = packages[0]?.split('==')[1] ?? 'plain';
  const prefix = await cachedFolder(
    {
      name: `python-${name}-${version}-${recipe}`,
      build: async (folder) => {
        await makePythonEnvironment(folder, packages, AbortSignal.timeout(300_000));
        if (name === 'bash-kernel') await installBashKernelspec(folder);
      },
    },
    AbortSignal.timeout(600_000),
  );
  return { prefix, python: pythonIn(prefix) };
}

/** Makes every environment, so that no test waits for pip; used before the tests of a run. */
export async function prepareEnvironments(onReady: (name: string) => void): Promise<void> {
  for (const name of Object.keys(packagesOf)) {
    await preparedEnvironment(name as PreparedEnvironmentName);
    onReady(name);
  }
}

/** Its kernelspec goes into the environment itself (`share/jupyter/kernels/bash`), as `bash_kernel.install --sys-prefix` puts it. */
async function installBashKernelspec(prefix: string): Promise<void> {
  const { runCommand } = await import('../../src/development/run-command');
  await runCommand(pythonIn(prefix), ['-m', 'bash_kernel.install', '--sys-prefix'], {
    timeoutMs: 60_000,
    environment: { ...process.env, HOME: prefix, IPYTHONDIR: join(prefix, 'ipython') },
  });
}
