import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Says how many files a login's processes may have open (the soft limit), and that this process stands in the place of a login. Node raises that limit
 * to the hard one before its first line, in itself and thereby in everything that it starts, so the shell that starts the daemon writes it down here
 * and the process that starts kernels puts it back.
 */
export const openFilesVariable = 'REMOTE_KERNELS_OPEN_FILES';

/** What Linux and systemd give to programs. Programs that use select(2) cannot have more. */
const usualOpenFiles = '1024';

const commandTimeoutMs = 10_000;

/** The variable for the processes of users, from the environment of the daemon. */
export function openFilesOfLogins(variables: NodeJS.ProcessEnv): Record<string, string> {
  const given = variables[openFilesVariable] ?? '';
  return { [openFilesVariable]: /^(?:[1-9]\d{0,9}|unlimited)$/.test(given) ? given : usualOpenFiles };
}

/** Whether the supervisor of a host started this process in the place of a login. */
export function isInPlaceOfLogin(variables: NodeJS.ProcessEnv): boolean {
  return variables[openFilesVariable] !== undefined;
}

/**
 * Gives this process, and what it starts from now on, the soft limit of open files that the variable says; the hard one stays, so that a program
 * can raise it again. Does nothing without the variable. Rejects when that is not possible; `prlimit` comes with util-linux.
 */
export async function restoreOpenFiles(variables: NodeJS.ProcessEnv): Promise<void> {
  const openFiles = variables[openFilesVariable];
  if (openFiles === undefined || openFiles === 'unlimited') return;
  const words = ['--pid', String(process.pid), `--nofile=${openFiles}:`];
  const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  await promisify(execFile)('prlimit', words, { timeout: commandTimeoutMs, env: environment });
}
