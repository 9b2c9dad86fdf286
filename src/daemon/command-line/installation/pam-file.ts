import { readFileIfPresent } from '../../platform/private-files';
import { join } from 'node:path';

/** How the PAM configuration of this system names its common parts. */
export type PamStyle = 'debian' | 'suse' | 'red-hat' | 'arch' | 'plain';

/** Looks which common parts the system has. */
export async function findPamStyle(pamFolder: string): Promise<PamStyle> {
  const has = async (name: string) => (await readFileIfPresent(join(pamFolder, name))) !== undefined;
  if (await has('common-auth')) {
    const other = (await readFileIfPresent(join(pamFolder, 'other'))) ?? '';
    const login = (await readFileIfPresent(join(pamFolder, 'login'))) ?? '';
    return /^@include\s/m.test(other + login) ? 'debian' : 'suse';
  }
  if (await has('password-auth')) return 'red-hat';
  return (await has('system-auth')) ? 'arch' : 'plain';
}

/** The service file `/etc/pam.d/remote-kernels`. Every line says what it is for. */
export function formatPamFile(style: PamStyle): string {
  return [
    '# PAM for Remote Kernels: how people sign in to the daemon with their password.',
    '# Without this file PAM would use "other", so the daemon does not start without it.',
    '',
    '# The password, and whatever else this system asks for at a login over the network. For a second factor add below it, for example:',
    '#   auth required pam_google_authenticator.so',
    ...common(style, 'auth'),
    '',
    '# While /etc/nologin exists nobody but root signs in.',
    'account required pam_nologin.so',
    '# Accounts whose shell is not in /etc/shells (nologin, false) are for programs.',
    'account required pam_shells.so',
    '# Locked and ended accounts, hours, and other rules of this system.',
    ...common(style, 'account'),
    '',
    '# How a password that has ended is changed at the sign-in.',
    ...common(style, 'password'),
    '',
    '# No session is opened: kernels outlive the sign-in. So nothing of "session" (pam_limits, pam_mount, tickets) would be done here.',
    'session required pam_deny.so',
    '',
  ].join('\n');
}

function common(style: PamStyle, kind: 'auth' | 'account' | 'password'): readonly string[] {
  switch (style) {
    case 'debian':
      return [`@include common-${kind}`];
    case 'suse':
      return [`${kind} include common-${kind}`];
    case 'red-hat':
      return [`${kind} ${kind === 'auth' ? 'substack' : 'include'} password-auth`];
    case 'arch':
      return [`${kind} include system-auth`];
    case 'plain':
      return [`${kind} required pam_unix.so${kind === 'password' ? ' shadow' : ''}`];
  }
}
