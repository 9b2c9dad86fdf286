import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemErrorCode } from '../../base/errors';
import { readFileIfPresent } from '../platform/private-files';
import type { Account } from './account';
import type { Launcher } from './agent-command';

const helpTimeoutMs = 10_000;

/** The path of a login by sshd on Debian, where PAM and the shell's files say nothing else. */
const loginPath = '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games';

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

/** How a command runs as this account: with its numbers, all its groups, a clean environment and the mask of a login. */
export function launcherFor(
  { kind, program }: UserSwitch,
  account: Account,
  locale: Readonly<Record<string, string>>,
): Launcher {
  const environment = {
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell === '' ? '/bin/sh' : account.shell,
    PATH: loginPath,
    ...locale,
  };
  if (kind === 'setpriv') {
    const numbers = [`--reuid=${account.uid}`, `--regid=${account.gid}`];
    // `--reset-env` would replace the environment, clean as it is, by one without the locale and with a path of its own.
    return {
      command: [program, ...numbers, '--init-groups', '--inh-caps=-all', ...withLoginMask],
      environment,
    };
  }
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  // What PAM adds for runuser is removed again, so that both ways give the same.
  const clean = ['/usr/bin/env', '-i', ...variables];
  return { command: [program, '-u', account.name, '--', ...clean, ...withLoginMask], environment };
}

/** The locale of the system as `/etc/default/locale` (Debian) or `/etc/locale.conf` says it; nothing when neither is there. */
export async function readSystemLocale(
  files: readonly string[] = ['/etc/default/locale', '/etc/locale.conf'],
): Promise<Record<string, string>> {
  for (const file of files) {
    const text = await readFileIfPresent(file);
    if (text !== undefined) return parseLocale(text);
  }
  return {};
}

function parseLocale(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?(LANG|LANGUAGE|LC_[A-Z]+)=(["']?)([\w.@:-]+)\2\s*$/.exec(line);
    if (match?.[1] !== undefined && match[3] !== undefined) found[match[1]] = match[3];
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
