import { basename } from 'node:path';
import type { SystemConfiguration } from '../configuration/system-configuration';
import type { Account } from './account';

/** The part of the configuration that says who can sign in. */
export type SignInPolicy = Pick<
  SystemConfiguration,
  'minimumUid' | 'allowRoot' | 'allowUsers' | 'allowGroups' | 'denyUsers' | 'denyGroups'
>;

/** Whether an account can sign in. The reason is for the administrator's log, never for the person. */
export type PolicyVerdict =
  { readonly isAllowed: true } | { readonly isAllowed: false; readonly reason: string };

/** Shells that some systems list in `/etc/shells` although nobody can work in them. */
const shellsThatEnd = new Set(['nologin', 'false', 'true', 'sync', 'halt', 'shutdown']);

/**
 * Decides whether an account can sign in, apart from its password and from what PAM says of it. A denial outweighs everything; where there are
 * lists of allowed users or groups, being on one of them is enough. `loginShells` is the content of `/etc/shells`.
 */
export function judgeAccount(
  account: Account,
  policy: SignInPolicy,
  loginShells: ReadonlySet<string>,
): PolicyVerdict {
  if (account.uid === 0) {
    if (!policy.allowRoot) return denied('root cannot sign in (allowRoot)');
  } else if (account.uid < policy.minimumUid)
    return denied(`the number of the account, ${account.uid}, is below minimumUid (${policy.minimumUid})`);
  if (policy.denyUsers.includes(account.name)) return denied('the account is in denyUsers');
  const deniedGroup = account.groups.find((group) => policy.denyGroups.includes(group));
  if (deniedGroup !== undefined) return denied(`its group ${deniedGroup} is in denyGroups`);
  if (!isListed(account, policy)) return denied('the account is neither in allowUsers nor in allowGroups');
  // An empty field means the Bourne shell (passwd(5)).
  const shell = account.shell === '' ? '/bin/sh' : account.shell;
  if (!loginShells.has(shell) || shellsThatEnd.has(basename(shell)))
    return denied(`its shell ${shell} is not a login shell`);
  return { isAllowed: true };
}

function isListed(account: Account, { allowUsers, allowGroups }: SignInPolicy): boolean {
  if (allowUsers === undefined && allowGroups === undefined) return true;
  return (
    (allowUsers?.includes(account.name) ?? false) ||
    account.groups.some((group) => allowGroups?.includes(group) ?? false)
  );
}

function denied(reason: string): PolicyVerdict {
  return { isAllowed: false, reason };
}
