import { join } from 'node:path';
import type { SystemPaths } from '../configuration/system-paths';
import { readMachineHash } from '../platform/machine';
import { ensurePrivateFolder } from '../platform/private-files';
import { isPrivateFolder, listStateFolders, openStateFolders } from '../platform/state-folders';
import { readUser } from '../platform/users';

/** Where the single-user daemon of this user keeps what is its own. */
export interface DaemonFolders {
  /** Key, certificate, daemon id and sign-ins; also the lock by which one daemon runs at a time. */
  readonly state: string;
  /** The socket of `pair` and `status`. */
  readonly controlSocket: string;
  /** Where the agent makes the door's socket. */
  readonly door: string;
  /** Set when the state could not be kept in the home and does not outlive a restart of the machine. */
  readonly problem?: string;
}

const stateName = 'front-door';
const controlName = 'control.sock';

/** Makes or checks the folders, all 0700. Rejects with what is in the way. */
export async function openDaemonFolders(): Promise<DaemonFolders> {
  const folders = await openStateFolders(await candidates());
  const state = join(folders.state, stateName);
  const control = join(folders.sockets, stateName);
  const door = join(folders.sockets, 'door');
  for (const folder of [state, control, door]) await ensurePrivateFolder(folder);
  return {
    state,
    controlSocket: join(control, controlName),
    door,
    ...(folders.problem === undefined ? {} : { problem: folders.problem }),
  };
}

/** The socket at which the daemon of many users answers root's `status`. */
export function systemControlSocket(paths: SystemPaths): string {
  return join(paths.run, controlName);
}

/** Every place where a running daemon of this user can have its control socket. Folders that others can enter are left out. */
export async function findControlSockets(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const sockets of (await candidates()).sockets) {
    const folder = join(sockets, stateName);
    if ((await isPrivateFolder(sockets)) && (await isPrivateFolder(folder)))
      found.push(join(folder, controlName));
  }
  return found;
}

/** Every place where a daemon of this user can have its certificate, the usual one first. */
export async function findDaemonStateFolders(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const state of (await candidates()).state) {
    const folder = join(state, stateName);
    if (await isPrivateFolder(folder)) found.push(folder);
  }
  return found;
}

async function candidates() {
  return listStateFolders({ ...readUser(), machineHash: await readMachineHash() });
}
