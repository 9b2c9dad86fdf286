import { hostname } from 'node:os';
import { join } from 'node:path';
import { toError } from '../../../base/errors';
import { exitCodes } from '../../../protocol/command-line';
import { openDaemonCertificate } from '../../front-door/certificate';
import { formatPinLines } from '../pair';
import type { GivenOptions } from '../parse-command-line';
import { findRunningDaemon } from '../running-daemon';
import { CommandError, printWords } from '../terminal';
import { checkGetent, checkSetpriv, judgeServiceAccount } from '../checking/check-accounts';
import { accountSteps } from './account-steps';
import { askForConsent, requireRoot } from './ask';
import { InstallationRecord } from './installation-record';
import { fileStep, folderStep, type InstallationStep } from './installation-step';
import { findPamStyle, formatPamFile } from './pam-file';
import { findPackageToInstall, readPackage, runInstallOf } from './package-to-install';
import { installationPlaces, serviceAccount, type InstallationPlaces } from './places';
import {
  chooseProgram,
  formatFirstConfiguration,
  isInstalledProgram,
  programSteps,
  type ProgramToInstall,
} from './program-steps';
import { controlService, findServiceSystem, serviceFile, serviceSteps, type ServiceSystem } from './service';
import { findStartFault } from './start-fault';
import { findEntry } from './system-command';

/** `remote-kernels install`: everything that a host with many users needs. A second time it changes only what is missing or older. */
export async function runInstall(given: GivenOptions, programFile: string): Promise<number> {
  if (process.platform !== 'linux')
    throw new CommandError(
      'the daemon for many users runs on Linux only. Here: remote-kernels serve --single-user',
      exitCodes.unavailable,
    );
  requireRoot('remote-kernels install');
  // What the programs make that this runs is for all users, too, whatever mask root works with.
  process.umask(0o022);
  const places = installationPlaces();
  const record = await InstallationRecord.open(places.system.state);
  if (await isInstalledProgram(programFile, places)) {
    const next = await findPackageToInstall(record.packageFile, process.env['PATH'] ?? '');
    if (next !== undefined) return runInstallOf(next, given);
  }
  await checkSystem();
  const program = await chooseProgram(programFile, places, given.has('--with-node'));
  const system = await findServiceSystem();
  const steps = await installationSteps(places, program, system);
  const missing = await selectMissing(steps);
  for (const { words } of missing) printWords(`  ${given.has('--dry-run') ? 'would ' : ''}${words}`);
  if (missing.length === 0) printWords('Everything is in place; nothing to change.');
  if (given.has('--dry-run')) return exitCodes.ok;
  if (missing.length > 0 && !given.has('--yes') && !(await askForConsent('Do all this?'))) {
    printWords('Nothing was changed.');
    return exitCodes.ok;
  }
  await doSteps(missing, record);
  const ownPackage = await readPackage(programFile);
  if (ownPackage !== undefined) await record.setPackageFile(ownPackage.programFile);
  const { pin } = await openDaemonCertificate(places.system.state, hostname());
  const isRunning = (await findRunningDaemon(places.system.state)) !== undefined;
  const fault = await findStartFault(places, program.programFile);
  if (given.has('--no-start')) {
    if (fault !== undefined) printWords(`Note: the daemon will not start: ${fault}`);
  } else if (fault !== undefined) {
    throw new CommandError(
      `everything is installed, but the daemon was not started: ${fault}. Then: remote-kernels install`,
      exitCodes.configuration,
    );
  } else if (!isRunning || missing.length > 0) {
    await startDaemon(serviceFile(system, places), isRunning);
  }
  printWords(
    [
      `Installed. Configuration: ${join(places.system.configuration, 'config.json')}`,
      "Fingerprint (SHA-256) of this host's key; the editor shows the same at its first connection:",
      ...formatPinLines(pin),
    ].join('\n'),
  );
  return exitCodes.ok;
}

/** Looks for what the system has to have, before anything is changed. Rejects with a {@link CommandError} that says what is missing and how to get it. */
async function checkSystem(): Promise<void> {
  const missing = await checkGetent();
  // An account that is not there yet is made; one that is there has to be fit for it.
  const entry = missing.length > 0 ? undefined : await findEntry('passwd', serviceAccount);
  const account = entry === undefined ? [] : [judgeServiceAccount(entry)];
  const faults = [...missing, ...account, await checkSetpriv()].filter(({ level }) => level === 'wrong');
  if (faults.length === 0) return;
  throw new CommandError(
    [
      'this system is not ready yet, so nothing was changed:',
      ...faults.map(({ message, mend }) => `  ${message}${mend === undefined ? '' : `; ${mend}`}`),
    ].join('\n'),
    exitCodes.unavailable,
  );
}

/** All steps, in their order. */
export async function installationSteps(
  places: InstallationPlaces,
  program: ProgramToInstall,
  system: ServiceSystem,
): Promise<readonly InstallationStep[]> {
  const { configuration, state, pamFolder } = places.system;
  const pamFile = formatPamFile(await findPamStyle(pamFolder));
  return [
    folderStep(state, 0o700, true),
    ...accountSteps(serviceAccount),
    ...programSteps(program, places),
    folderStep(configuration, 0o755, true),
    fileStep(join(configuration, 'config.json'), formatFirstConfiguration(program), 0o644, { isKept: true }),
    fileStep(join(pamFolder, 'remote-kernels'), pamFile, 0o644, { isKept: true }),
    ...serviceSteps(system, program, places),
  ];
}

/** The steps that are not done. */
export async function selectMissing(
  steps: readonly InstallationStep[],
): Promise<readonly InstallationStep[]> {
  const missing: InstallationStep[] = [];
  for (const step of steps) {
    if (!(await step.isDone())) missing.push(step);
  }
  return missing;
}

/**
 * Does the steps in order; what each changes is in the record before. Rejects with a {@link CommandError} that names the step that could not be done
 * and how to go on.
 */
export async function doSteps(steps: readonly InstallationStep[], record: InstallationRecord): Promise<void> {
  for (const [at, step] of steps.entries()) {
    try {
      await record.add(await step.plan());
      await step.do();
    } catch (error) {
      throw new CommandError(
        `step ${at + 1} of ${steps.length} failed (${step.words}): ${toError(error).message}. ${at === 0 ? 'Nothing' : `Only what is listed before it`} was done. Mend this and run install again, which goes on from here; or undo it by uninstall`,
        exitCodes.osError,
        { cause: error },
      );
    }
  }
}

async function startDaemon(path: string, isRunning: boolean): Promise<void> {
  try {
    await controlService(path, isRunning ? 'restart' : 'start');
    printWords(`The daemon ${isRunning ? 'was started again; kernels went on' : 'runs'}.`);
  } catch (error) {
    throw new CommandError(
      `everything is installed, but the daemon did not start: ${error instanceof Error ? error.message : ''}. What is wrong says: remote-kernels check`,
      exitCodes.unavailable,
      { cause: error },
    );
  }
}
