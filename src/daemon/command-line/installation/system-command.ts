import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Where programs of the system are; never the `PATH` of whoever runs the installation. */
const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const timeoutMs = 120_000;

/** Runs a program of the system and resolves with its output. Rejects with what it said when it fails or takes more than two minutes. */
export async function runSystemCommand(program: string, words: readonly string[]): Promise<string> {
  const path = await findSystemProgram(program);
  if (path === undefined) throw new Error(`this system has no ${program}`);
  return new Promise((resolve, reject) => {
    const environment = { PATH: folders.join(':'), LANG: 'C.UTF-8', HOME: '/root' };
    execFile(path, words, { timeout: timeoutMs, cwd: '/', env: environment }, (error, output, said) => {
      if (error === null) resolve(output);
      else
        reject(
          new Error(`${[program, ...words].join(' ')}: ${(said || output).trim() || error.message}`, {
            cause: error,
          }),
        );
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

/** Whether the system knows an account (`passwd`) or group of that name, wherever it comes from. */
export async function hasEntry(database: 'passwd' | 'group', name: string): Promise<boolean> {
  try {
    await runSystemCommand('getent', [database, name]);
    return true;
  } catch {
    // getent ends with 2 when there is none; any other fault shows when the account is made.
    return false;
  }
}
