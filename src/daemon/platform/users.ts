import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/** The user as whom this process runs. */
export interface User {
  readonly name: string;
  /** Absent on systems without numbers for users. */
  readonly uid?: number;
  /** `HOME` if it is set to an absolute path, otherwise what the system says. */
  readonly homeFolder: string;
  /** The login shell, `/bin/sh` where the system has none for the user. */
  readonly shell: string;
}

/** Finds out who we are. A user id without an account (usual in containers) gets a name of its number. */
export function readUser(variables: NodeJS.ProcessEnv = process.env): User {
  const account = readAccount();
  const uid = process.getuid?.();
  const home = variables.HOME;
  return {
    name: account?.username ?? `uid-${uid ?? 0}`,
    ...(uid === undefined ? {} : { uid }),
    homeFolder:
      home !== undefined && isAbsolute(home) ? home : account !== undefined ? account.homedir : homedir(),
    shell: account?.shell ?? '/bin/sh',
  };
}

function readAccount(): { username: string; homedir: string; shell: string | null } | undefined {
  try {
    return userInfo();
  } catch {
    // `userInfo` throws when the user id has no account, and only then.
    return undefined;
  }
}
