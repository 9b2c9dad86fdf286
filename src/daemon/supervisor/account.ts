/** An account of this machine, as the system's directories (files, LDAP, …) describe it. */
export interface Account {
  /** The name as the system writes it, which can differ from what a person typed. */
  readonly name: string;
  readonly uid: number;
  /** Of the primary group. */
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
  /** The names of all groups, the primary one among them. */
  readonly groups: readonly string[];
}

/** Looks accounts up. The promises reject when the directory could not be asked, which is not the same as an account that is not there. */
export interface AccountReader {
  byName(name: string, signal: AbortSignal): Promise<Account | undefined>;
  byUid(uid: number, signal: AbortSignal): Promise<Account | undefined>;
}
