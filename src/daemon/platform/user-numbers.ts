/** The greatest number of an account or group: the one above it, all bits set, means \"leave it as it is\" to the system (setresuid(2)). */
const greatest = 0xff_ff_ff_fe;

/** Whether a number can be that of an account or a group. */
export function isUserNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= greatest;
}

/**
 * The words by which `setpriv` takes this user and group. It looks for an account or a group of that name first, and a name can be digits: with the
 * sign they are a number to it and nothing else. Throws for numbers that are none, with which `setpriv` would go on as root.
 */
export function numbersForSetpriv({ uid, gid }: { readonly uid: number; readonly gid: number }): string[] {
  if (!isUserNumber(uid) || !isUserNumber(gid)) throw new Error(`${uid}:${gid} are no user and group`);
  return [`--reuid=+${uid}`, `--regid=+${gid}`];
}
