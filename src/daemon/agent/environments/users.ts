import { readFileSync, statSync } from 'node:fs';
import { systemErrorCode } from '../../../base/errors';

/** The names of the host's users by uid, from the text of `/etc/passwd`. */
export function parseUsers(text: string): Map<number, string> {
  const users = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name === undefined || uid === undefined || !/^\d+$/.test(uid)) continue;
    if (!users.has(Number(uid))) users.set(Number(uid), name);
  }
  return users;
}

/**
 * Answers the name of a uid from a file such as `/etc/passwd`, read again when it changed. Users of a directory service are not in it: they
 * are named by their number.
 */
export function createUserNames(file = '/etc/passwd'): (uid: number) => string | undefined {
  let known: { readonly stamp: number; readonly users: Map<number, string> } | undefined;
  return (uid) => {
    try {
      const stamp = statSync(file).mtimeMs;
      if (known?.stamp !== stamp) known = { stamp, users: parseUsers(readFileSync(file, 'utf8')) };
      return known.users.get(uid);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return undefined;
    }
  };
}

/** Whose something is, in the words of the protocol. */
export function ownerOf(
  uids: readonly number[],
  person: { readonly uid: number | undefined; userName(uid: number): string | undefined },
): { owner: 'self' | 'root' | 'other'; ownerName?: string } {
  const stranger = uids.find((uid) => uid !== person.uid && uid !== 0);
  if (stranger !== undefined) {
    return { owner: 'other', ownerName: person.userName(stranger) ?? `user ${stranger}` };
  }
  const first = uids[0] ?? 0;
  const name = person.userName(first);
  return {
    owner: first === person.uid ? 'self' : 'root',
    ...(name === undefined ? {} : { ownerName: name }),
  };
}
