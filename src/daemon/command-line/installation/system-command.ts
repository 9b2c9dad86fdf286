import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Where programs of the system are; never the `PATH` of whoever runs the installation. */
const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const timeoutMs = 120_000;

/** Why a program of the system failed: what it said, and the code that it ended with, if it did so by itself. */
export class SystemCommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SystemCommandError';
  }
}

/** Runs a program of the system and resolves with its output. Rejects with what it said when it fails or takes more than two minutes. */
export async function runSystemCommand(program: string, words: readonly string[]): Promise<string> {
  const path = await findSystemProgram(program);
  if (path === undefined) throw new Error(`this system has no ${program}`);
  return new Promise((resolve, reject) => {
    const environment = { PATH: folders.join(':'), LANG: 'C.UTF-8', HOME: '/root' };
    execFile(path, words, { timeout: timeoutMs, cwd: '/', env: environment }, (error, output, said) => {
      if (error === null) resolve(output);
      else {
        const message = `${[program, ...words].join(' ')}: ${(said || output).trim() || error.message}`;
        const exitCode = typeof error.code === 'number' ? error.code : undefined;
        reject(new SystemCommandError(message, exitCode, { cause: error }));
      }
    });
  });
}

/** The path of a program of the system, or `undefined` when it is not there. An absolute path is only looked for. */
export async function findSystemProgram(program: string): Promise<string | undefined> {
  const candidates = program.startsWith('/') ? [program] : folders.map((folder) => join(folder, program));
  for (const path of candidates) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  return undefined;
}

/** How `getent` ends when there is no such entry (getent(1)). */
const noEntry = 2;

/** The line of an account (`passwd`) or group of that name, wherever it comes from; `undefined` when there is none. Rejects when it cannot be found out. */
export async function findEntry(database: 'passwd' | 'group', name: string): Promise<string | undefined> {
  try {
    return (await runSystemCommand('getent', [database, name])).trim();
  } catch (error) {
    if (error instanceof SystemCommandError && error.exitCode === noEntry) return undefined;
    throw error;
  }
}

/** Whether the system knows an account or group of that name. Rejects when it cannot be found out. */
export async function hasEntry(database: 'passwd' | 'group', name: string): Promise<boolean> {
  return (await findEntry(database, name)) !== undefined;
}
