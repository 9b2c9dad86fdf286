import { readdirSync, readFileSync, statSync } from 'node:fs';
import { systemErrorCode, toError } from '../../base/errors';
import { exitCodes } from '../../protocol/command-line';
import { isUserNumber } from './user-numbers';

/** A user and the one group that it is to have. */
export interface UserNumbers {
  readonly uid: number;
  readonly gid: number;
}

const noCapabilities = /^0+$/;

/** Reads the numbers as the supervisor gives them to a program of its own, `UID:GID`; `undefined` for anything else, and for root. */
export function parseUserNumbers(word: string): UserNumbers | undefined {
  const match = /^([0-9]{1,10}):([0-9]{1,10})$/.exec(word);
  const [uid, gid] = [Number(match?.[1]), Number(match?.[2])];
  return isUserNumber(uid) && isUserNumber(gid) && uid !== 0 && gid !== 0 ? { uid, gid } : undefined;
}

/**
 * Makes this process, which root has started, one of that user without any rights, for good. Throws, and then the caller has to end the process, when
 * anything is left of root or when another process of that user could read what is in our memory.
 *
 * A program that is started as that user could be read by others of the same user until it closes itself to them. One that begins as root and changes
 * its user has never been open: root's processes are closed to them, and the system closes one that changes its user in the same step (`PR_SET_DUMPABLE`
 * in prctl(2)). It stays so, since no other program is executed here. Their signals are no way in either: SIGUSR1, which opens Node's debugger, has
 * another listener before the first of them can arrive.
 *
 * What `setpriv` leaves of the bounding set, CAP_SETUID and CAP_SETGID, is nothing that anybody can have: only executing a file of root or one with
 * capabilities would give it, and neither does where `no_new_privs` is set, which is asked for here.
 */
export function becomeUser(user: UserNumbers): void {
  process.on('SIGUSR1', () => undefined);
  const { setgroups, setgid, setuid, seteuid, setegid } = process;
  if (!setgroups || !setgid || !setuid || !seteuid || !setegid)
    throw new Error('this system has no users to become');
  setgroups([]);
  setgid(user.gid);
  setuid(user.uid);
  for (const [name, back] of Object.entries({ setuid, seteuid, setgid, setegid }))
    if (isDone(() => back(0))) throw new Error(`the way back to root is open (${name})`);
  // Every thread has rights of its own, and some run before the first line of a program.
  for (const thread of readdirSync('/proc/self/task')) {
    const left = describeRightsLeft(readFileSync(`/proc/self/task/${thread}/status`, 'utf8'), user);
    if (left !== undefined) throw new Error(`the rights of root were not all given up: ${left}`);
  }
  // The files of a process belong to root when it is closed to others of its user (proc(5)).
  if (statSync('/proc/self/mem').uid === user.uid)
    throw new Error(
      'this system lets processes of a user read those that have become that user; set fs.suid_dumpable to 0 (sysctl -w fs.suid_dumpable=0)',
    );
}

/** Does so for a program as its first step, by the numbers that it was given. Gives the exit code with which it has to end, after a word on standard error. */
export function runAsUser(numbers: string): number | undefined {
  try {
    const user = parseUserNumbers(numbers);
    if (user === undefined)
      throw new Error(`"${numbers}" are no numbers of a user and a group without rights`);
    becomeUser(user);
    return undefined;
  } catch (error) {
    process.stderr.write(
      `remote-kernels: this process ends before it has done anything: ${toError(error).message}\n`,
    );
    return exitCodes.noPermission;
  }
}

/** What a thread with this `/proc/<pid>/task/<tid>/status` (proc(5)) has beyond that user and group; `undefined` when that is nothing. */
export function describeRightsLeft(status: string, { uid, gid }: UserNumbers): string | undefined {
  const lines = status.split('\n').slice(1);
  const wordsOf = (name: string) =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.split(/\s+/)
      .slice(1)
      .filter((word) => word !== '');
  const isAll = (words: readonly string[] | undefined, id: number) =>
    words?.length === 4 && words.every((word) => word === String(id));
  if (!isAll(wordsOf('Uid'), uid)) return 'Uid';
  if (!isAll(wordsOf('Gid'), gid)) return 'Gid';
  const groups = wordsOf('Groups');
  if (groups === undefined || groups.some((group) => group !== String(gid))) return 'Groups';
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
    if (!noCapabilities.test(wordsOf(set)?.[0] ?? '')) return set;
  return wordsOf('NoNewPrivs')?.[0] === '1' ? undefined : 'NoNewPrivs';
}

function isDone(step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== 'EPERM') throw error;
    return false;
  }
}
