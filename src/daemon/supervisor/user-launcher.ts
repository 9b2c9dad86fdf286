import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemErrorCode } from '../../base/errors';
import { readFileIfPresent } from '../platform/private-files';
import { findSteeringVariables } from '../platform/trusted-environment';
import { numbersForSetpriv } from '../platform/user-numbers';
import type { Account } from './account';
import type { Launcher } from './agent-command';

const helpTimeoutMs = 10_000;

/** The path of a login by sshd on Debian, where PAM and the shell's files say nothing else. */
const loginPath = '/usr/local/bin:/usr/bin:/bin:/usr/games';

/** As after a login by ssh, whatever the daemon's own mask is. The shell reads no file here and is replaced by the command. */
const withLoginMask = ['/bin/sh', '-c', 'umask 022 && exec "$0" "$@"'] as const;

/** A program of util-linux that can become another user. */
export type UserSwitch = { readonly kind: 'setpriv' | 'runuser'; readonly program: string };

/**
 * Finds `setpriv` with what we need of it (the one of BusyBox lacks it), else `runuser`, in the system's own folders. Rejects when there is
 * neither.
 */
export async function findUserSwitch(): Promise<UserSwitch> {
  for (const program of ['/usr/bin/setpriv', '/bin/setpriv']) {
    if (!(await isProgram(program))) continue;
    const { stdout } = await promisify(execFile)(program, ['--help'], { timeout: helpTimeoutMs }).catch(
      () => ({ stdout: '' }),
    );
    if (stdout.includes('--reuid') && stdout.includes('--init-groups')) return { kind: 'setpriv', program };
  }
  for (const program of ['/usr/sbin/runuser', '/sbin/runuser'])
    if (await isProgram(program)) return { kind: 'runuser', program };
  throw new Error('neither setpriv nor runuser is on this machine; both come with util-linux');
}

/**
 * How a command runs as this account: with its numbers, all its groups, the mask of a login, and no variables but those of a login and the given ones,
 * which may say another `PATH` but not who the user is.
 */
export function launcherFor(
  { kind, program }: UserSwitch,
  account: Account,
  variables: Readonly<Record<string, string>>,
): Launcher {
  const environment = {
    PATH: loginPath,
    ...variables,
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell === '' ? '/bin/sh' : account.shell,
  };
  if (kind === 'setpriv') {
    const numbers = numbersForSetpriv(account);
    // `--reset-env` would replace the environment, clean as it is, by one without the locale and with a path of its own.
    return {
      command: [program, ...numbers, '--init-groups', '--inh-caps=-all', ...withLoginMask],
      environment,
    };
  }
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  // What PAM adds for runuser is removed again, so that both ways give the same.
  const clean = ['/usr/bin/env', '-i', ...words];
  return { command: [program, '-u', account.name, '--', ...clean, ...withLoginMask], environment };
}

/**
 * The variables that an administrator has set for every login, as `pam_env` reads them: those of `/etc/environment`, then the locale of
 * `/etc/default/locale` (Debian) or `/etc/locale.conf`. Without those that put code into a program.
 */
export async function readSystemVariables(
  environmentFile = '/etc/environment',
  localeFiles: readonly string[] = ['/etc/default/locale', '/etc/locale.conf'],
): Promise<Record<string, string>> {
  const variables = parseVariables((await readFileIfPresent(environmentFile)) ?? '');
  for (const name of findSteeringVariables(variables)) Reflect.deleteProperty(variables, name);
  return { ...variables, ...(await readLocale(localeFiles)) };
}

async function readLocale(files: readonly string[]): Promise<Record<string, string>> {
  for (const file of files) {
    const text = await readFileIfPresent(file);
    if (text === undefined) continue;
    const isLocale = ([name, value]: [string, string]) =>
      /^(?:LANG|LANGUAGE|LC_[A-Z]+)$/.test(name) && /^[\w.@:-]+$/.test(value);
    return Object.fromEntries(Object.entries(parseVariables(text)).filter(isLocale));
  }
  return {};
}

/** Lines of `NAME=value` as `pam_env` reads them: `export` may stand before, quotes around the value, and a `#` begins a comment anywhere. */
function parseVariables(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)=([^#]*)/.exec(line);
    if (match?.[1] === undefined) continue;
    const value = (match[2] ?? '').trim().replace(/^(["'])(.*)\1$/, '$2');
    if (value !== '' && !/\p{Cc}/u.test(value)) found[match[1]] = value;
  }
  return found;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}
