import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from '../../../base/errors';
import type { Change } from './changes';
import type { InstallationPlaces } from './places';
import { removeRunFolder } from './run-folder';
import { runSystemCommand } from './system-command';

/** What the daemon and its commands put into the folder of its state, and what remains of a file of theirs that was being written. */
const stateNames =
  /^(key\.pem|certificate\.pem|own\.pem|daemon-id|sign-ins\.json|installation\.json|daemon\.lock|\.[0-9a-f]{16}\.tmp|(key\.pem|daemon-id)\.[0-9a-f]{16}\.tmp)$/;

/**
 * Removes what the daemon made while it ran and the record does not have, after the changes of the record were undone. Resolves with a sentence for
 * each thing that had to stay.
 */
export async function removeLeftovers(
  places: InstallationPlaces,
  changes: readonly Change[],
): Promise<readonly string[]> {
  const left = [...(await removeRunFolder(places.system.run)), ...(await removeState(places.system.state))];
  const isChanged = (path: string) => changes.some((change) => 'path' in change && change.path === path);
  if (isChanged(places.initScript)) await removeLogs(places.log);
  if (isChanged(places.systemdUnit)) await runSystemCommand('systemctl', ['daemon-reload']);
  return left;
}

/** Key, certificates and sign-ins go also where the folder is older than the installation: `serve` and `certificate use` make it, too. */
async function removeState(folder: string): Promise<readonly string[]> {
  const names = await namesIn(folder);
  if (names === undefined) return [];
  for (const name of names.filter((one) => stateNames.test(one))) await rm(join(folder, name));
  try {
    await rmdir(folder);
    return [];
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    return [`${folder} stays: others have put files there`];
  }
}

/** The log, and those that logrotate has put aside, by number or by date. */
async function removeLogs(log: string): Promise<void> {
  const rest = /^([.-]\d+(\.(gz|xz|zst|bz2))?)?$/;
  for (const name of (await namesIn(dirname(log))) ?? []) {
    const own = basename(log);
    if (name.startsWith(own) && rest.test(name.slice(own.length))) await rm(join(dirname(log), name));
  }
}

/** What is in a real folder; `undefined` when there is none. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await lstat(folder)).isDirectory() ? await readdir(folder) : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
