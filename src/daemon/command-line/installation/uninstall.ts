import { toError } from '../../../base/errors';
import { exitCodes } from '../../../protocol/command-line';
import type { GivenOptions } from '../parse-command-line';
import { findRunningDaemon } from '../running-daemon';
import { CommandError, printWords } from '../terminal';
import { askForConsent, requireRoot } from './ask';
import { undoChange, type Change } from './changes';
import { InstallationRecord } from './installation-record';
import { removeLeftovers, removeRecord } from './leftovers';
import { installationPlaces, type InstallationPlaces } from './places';
import { attempt, left, type Remains } from './remains';
import { controlService } from './service';

/** `remote-kernels uninstall`: stops the daemon and undoes what `install` has written down, and nothing else. */
export async function runUninstall(given: GivenOptions): Promise<number> {
  requireRoot('remote-kernels uninstall');
  const places = installationPlaces();
  const { changes } = await InstallationRecord.open(places.system.state);
  if (changes.length === 0)
    throw new CommandError(
      `nothing was installed here by remote-kernels install (${places.system.state} has no record of it)`,
      exitCodes.noInput,
    );
  printWords(
    [
      'This stops the daemon and removes:',
      ...changes.map((change) => `  ${describeChange(change)}`),
      'Files, environments and running kernels of users stay; a kernel ends with its process: kill.',
      `The key of this host goes too: after another installation everybody is asked to accept another one. To avoid that copy ${places.system.state} elsewhere before.`,
    ].join('\n'),
  );
  if (!given.has('--yes') && !(await askForConsent('Remove all this?'))) {
    printWords('Nothing was changed.');
    return exitCodes.ok;
  }
  await stopDaemon(places, changes);
  const remains = await removeAll(places, changes);
  for (const { words } of remains) printWords(`  ${words}`);
  if (remains.some(({ isFault }) => isFault))
    printWords(
      'Not everything could be removed. Mend what is said above, then run this again by the package that the program came from: remote-kernels uninstall',
    );
  else printWords(remains.length === 0 ? 'Removed.' : 'Removed, except for what is said above.');
  return remains.length === 0 ? exitCodes.ok : exitCodes.software;
}

/**
 * Removes what the installation and the daemon have made, and at last the record of it with its folder: as long as something that was to be removed
 * is there, so is the record, and all this can be done again. Resolves with what had to stay.
 */
export async function removeAll(
  places: InstallationPlaces,
  changes: readonly Change[],
): Promise<readonly Remains[]> {
  const { state } = places.system;
  const isForRecord = (change: Change) =>
    change.kind === 'folder' && (change.path === state || state.startsWith(`${change.path}/`));
  const remains = [
    ...(await undoAll(changes.filter((change) => !isForRecord(change)))),
    ...(await removeLeftovers(places, changes)),
  ];
  if (remains.some(({ isFault }) => isFault)) return remains;
  // A folder of the installation's own goes with all that is in it, so that nothing is left for `removeRecord` then.
  return [...remains, ...(await undoAll(changes.filter(isForRecord))), ...(await removeRecord(state))];
}

/** Undoes the changes, the last one first, and gives each thing that had to stay. */
export async function undoAll(changes: readonly Change[]): Promise<readonly Remains[]> {
  const remains: Remains[] = [];
  for (const change of [...changes].reverse()) {
    const undo = async () => {
      const words = await undoChange(change);
      return words === undefined ? [] : [left(words)];
    };
    remains.push(...(await attempt(describeChange(change), undo)));
  }
  return remains;
}

function describeChange(change: Change): string {
  switch (change.kind) {
    case 'group':
      return `the system group ${change.name}`;
    case 'user':
      return `the system user ${change.name}`;
    case 'folder':
      return change.isPrivate ? `${change.path}/ with all that is in it` : `${change.path}/ if it is empty`;
    case 'file':
      return change.before.kind === 'nothing'
        ? change.path
        : `${change.path} (what was there before comes back)`;
    case 'boot':
      return 'the start of the daemon with the system';
  }
}

async function stopDaemon(places: InstallationPlaces, changes: readonly Change[]): Promise<void> {
  if ((await findRunningDaemon(places.system.state)) === undefined) return;
  const services = [places.systemdUnit, places.initScript];
  const service = changes.flatMap((change) =>
    change.kind === 'file' && services.includes(change.path) ? [change.path] : [],
  )[0];
  try {
    if (service !== undefined) await controlService(service, 'stop');
  } catch (error) {
    throw new CommandError(
      `the daemon could not be stopped (${toError(error).message}), so nothing was removed`,
      exitCodes.unavailable,
      { cause: error },
    );
  }
  const pid = await findRunningDaemon(places.system.state);
  if (pid !== undefined)
    throw new CommandError(
      `the daemon still runs (process ${pid}), so nothing was removed; end it and run this again: kill ${pid}`,
      exitCodes.unavailable,
    );
}
