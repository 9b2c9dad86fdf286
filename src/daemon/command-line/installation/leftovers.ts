import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from '../../../base/errors';
import type { Change } from './changes';
import { recordFile } from './installation-record';
import type { InstallationPlaces } from './places';
import { attempt, left, type Remains } from './remains';
import { removeRunFolder } from './run-folder';
import { runSystemCommand } from './system-command';

/**
 * What the daemon and its commands put into the folder of its state, and what remains of a file of theirs that was being written or was set aside. The
 * record of the installation is not among them: it goes last.
 */
const stateNames =
  /^(key\.pem|certificate\.pem|own\.pem|daemon-id|sign-ins\.json(\.damaged)?|daemon\.lock|\.[0-9a-f]{16}\.tmp|(key\.pem|daemon-id)\.[0-9a-f]{16}\.tmp)$/;

/**
 * Removes what the daemon made while it ran and the record does not have, after the changes of the record were undone: first what is secret,
 * from which no fault of the rest keeps it. Resolves with what had to stay.
 */
export async function removeLeftovers(
  places: InstallationPlaces,
  changes: readonly Change[],
): Promise<readonly Remains[]> {
  const { run, state } = places.system;
  const isChanged = (path: string) => changes.some((change) => 'path' in change && change.path === path);
  return [
    ...(await attempt(state, () => removeState(state))),
    ...(await attempt(run, () => removeRunFolder(run))),
    ...(isChanged(places.initScript) ? await attempt(places.log, () => removeLogs(places.log)) : []),
    ...(isChanged(places.systemdUnit) ? await attempt('systemd', reloadSystemd) : []),
  ];
}

/** Removes the record, and with it what undoing can begin anew from; then its folder, where that is older than the installation. */
export function removeRecord(state: string): Promise<readonly Remains[]> {
  return attempt(state, async () => {
    await rm(join(state, recordFile), { force: true });
    try {
      await rmdir(state);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'ENOTEMPTY' || code === 'EEXIST')
        return [left(`${state} stays: others have put files there`)];
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    }
    return undefined;
  });
}

async function reloadSystemd(): Promise<undefined> {
  await runSystemCommand('systemctl', ['daemon-reload']);
}

/** Key, certificates and sign-ins go also where the folder is older than the installation: `serve` and `certificate use` make it, too. */
async function removeState(folder: string): Promise<readonly Remains[]> {
  const names = (await namesIn(folder)) ?? [];
  const remains: Remains[] = [];
  for (const name of names.filter((one) => stateNames.test(one))) {
    const path = join(folder, name);
    remains.push(...(await attempt(path, () => remove(path))));
  }
  return remains;
}

async function remove(path: string): Promise<undefined> {
  await rm(path, { force: true });
}

/** The log, and those that logrotate has put aside, by number or by date. */
async function removeLogs(log: string): Promise<undefined> {
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
