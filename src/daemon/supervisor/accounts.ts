import { execFile } from 'node:child_process';
import { toError } from '../../base/errors';
import { withDeadline } from '../../base/time';
import { isUserNumber } from '../platform/user-numbers';
import type { Account, AccountReader } from './account';

/** Absolute programs would differ between systems; these folders are root's on all of them. */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
const commandTimeoutMs = 10_000;
/** A group of a large directory lists thousands of members. */
const maxOutputBytes = 16 * 1024 * 1024;
/** What `getent` exits with when it finds nothing. */
const notFound = 2;

/**
 * What the directories of this system (files, LDAP, …) say of an account, asked through the system's own programs because Node has no call
 * for it. `undefined` when there is no such account, and for a name that is none: it never reaches a command. Rejects when the system cannot say.
 */
export async function readAccount(who: string | number, signal: AbortSignal): Promise<Account | undefined> {
  if (typeof who === 'string' ? !isAccountName(who) : !isUserNumber(who)) return undefined;
  const entry = await run('getent', ['passwd', '--', String(who)], signal);
  if (entry === undefined) return undefined;
  const account = parsePasswdLine(entry.split('\n')[0] ?? '');
  if (account === undefined || (typeof who === 'number' && account.uid !== who))
    throw new Error(`the system's entry for the account ${String(who)} cannot be read`);
  if (!isAccountName(account.name))
    throw new Error(`the account ${String(who)} has a name that is not served`);
  return { ...account, groups: await readGroups(account.name, signal) };
}

/** The accounts of this system, as {@link readAccount} reads them. */
export class SystemAccounts implements AccountReader {
  byName(name: string, signal: AbortSignal): Promise<Account | undefined> {
    return readAccount(name, signal);
  }

  byUid(uid: number, signal: AbortSignal): Promise<Account | undefined> {
    return readAccount(uid, signal);
  }
}

/**
 * Whether this can be the name of an account. Names of domains (`LAB\ada`, `ada@lab.example`) can; one of digits alone cannot, because `getent`
 * would take it for a number.
 */
export function isAccountName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,254}\$?$/.test(name) && !/^\d+$/.test(name);
}

/** Reads a line of passwd(5); an empty shell means `/bin/sh`. `undefined` when it is none. */
export function parsePasswdLine(line: string): Omit<Account, 'groups'> | undefined {
  const fields = line.split(':');
  const [name = '', , uid = '', gid = '', , home = '', shell = ''] = fields;
  const isNumber = (text: string) => /^\d{1,10}$/.test(text) && isUserNumber(Number(text));
  if (fields.length !== 7 || name === '' || !isNumber(uid) || !isNumber(gid)) return undefined;
  if (!home.startsWith('/') || (shell !== '' && !shell.startsWith('/'))) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home, shell: shell === '' ? '/bin/sh' : shell };
}

/** The names that have this number in lines of passwd(5); two can share one, and are one user to the system then. */
export function namesOfUser(uid: number, text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const account = parsePasswdLine(line);
    return account?.uid === uid ? [account.name] : [];
  });
}

/** The names in lines of group(5); those that are no such line are left out. */
export function parseGroupNames(text: string): string[] {
  const lines = text.split('\n').filter((line) => /^[^:]+:[^:]*:\d+:/.test(line));
  return lines.map((line) => line.slice(0, line.indexOf(':')));
}

/** By numbers first: names can have spaces, by which `id` also separates them. A group without a name has no part in any rule. */
async function readGroups(name: string, signal: AbortSignal): Promise<string[]> {
  const ids = ((await run('id', ['-G', '--', name], signal)) ?? '').trim().split(/\s+/);
  if (ids.some((id) => !/^\d+$/.test(id))) throw new Error(`the groups of ${name} cannot be read`);
  const names = await Promise.all(ids.map((id) => run('getent', ['group', '--', id], signal)));
  return names.flatMap((text) => parseGroupNames(text ?? ''));
}

/** What the program printed, `undefined` when it found nothing. */
function run(program: string, words: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const deadline = withDeadline(commandTimeoutMs, program, signal);
  return new Promise((resolve, reject) => {
    const options = { env: environment, cwd: '/', signal: deadline, maxBuffer: maxOutputBytes };
    execFile(program, [...words], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (deadline.aborted) reject(toError(deadline.reason));
      else if (program === 'getent' && error.code === notFound) resolve(undefined);
      else reject(new Error(`${program} ${words[0] ?? ''}: ${error.message.split('\n')[0] ?? ''}`));
    });
  });
}
