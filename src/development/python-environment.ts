import { join } from 'node:path';
import { pathExists } from './paths';
import { runCommand } from './run-command';

/**
 * The system's own Python. One of a version manager often lies in a home folder that other users cannot enter, and changes under an environment
 * when its version is removed.
 */
export async function systemPython(): Promise<string> {
  for (const python of ['/usr/bin/python3', '/usr/local/bin/python3', '/opt/homebrew/bin/python3']) {
    if (await pathExists(python)) return python;
  }
  return 'python3';
}

/** The interpreter of an environment. */
export function pythonIn(prefix: string): string {
  return join(prefix, 'bin', 'python');
}

/** Makes a venv with these packages (as pip names them) in an empty folder. Rejects with what Python or pip said. */
export async function makePythonEnvironment(
  folder: string,
  packages: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await runCommand(await systemPython(), ['-m', 'venv', folder], { timeoutMs: 120_000, signal });
  if (packages.length === 0) return;
  await runCommand(
    pythonIn(folder),
    ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', ...packages],
    { timeoutMs: 280_000, signal },
  );
}
