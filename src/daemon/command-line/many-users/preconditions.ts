import { chmod, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, toError } from '../../../base/errors';
import { exitCodes } from '../../../protocol/command-line';
import { pamService } from '../../../protocol/pam';
import type { SystemPaths } from '../../configuration/system-paths';
import { keepFromChildren } from '../../platform/descriptors';
import { ensurePrivateFolder } from '../../platform/private-files';
import { keepMemoryPrivate, takeSessionKeyring } from '../../platform/process-privacy';
import { findSteeringVariables } from '../../platform/trusted-environment';
import { filesOfProgram, findUntrusted } from '../../platform/trusted-files';
import { CommandError } from '../terminal';

/** More sentences than that say nothing more. */
const maxFaults = 5;

/**
 * Refuses to be root where somebody else could have a hand in it: in the environment, the program's files, or Node. Rejects with a
 * {@link CommandError} that names the place and what to run.
 */
export async function checkTrust(programFile: string, variables: NodeJS.ProcessEnv): Promise<void> {
  const steering = findSteeringVariables(variables);
  if (steering.length > 0)
    throw new CommandError(
      `the environment changes how this program runs (${steering.join(', ')}); start it as root without: env -u ${steering.join(' -u ')} remote-kernels serve`,
      exitCodes.configuration,
    );
  const faults = await findUntrusted([process.execPath, programFile, ...(await filesOfProgram(programFile))]);
  if (faults.length === 0) return;
  const more = faults.length > maxFaults ? [`and ${faults.length - maxFaults} more`] : [];
  throw new CommandError(
    [
      'as root this program runs only from files that root alone can change and all users can read:',
      ...[...faults.slice(0, maxFaults), ...more].map((fault) => `  ${fault}`),
      'To put it into a place of its own: remote-kernels install',
    ].join('\n'),
    exitCodes.configuration,
  );
}

/**
 * Keeps passwords and tokens in this process's memory, and what root has in its session keyring or had open when it started this process from the
 * users whose agents it starts. Rejects with a {@link CommandError} when the system does not let it.
 */
export async function protectProcess(): Promise<void> {
  try {
    await keepFromChildren();
    keepMemoryPrivate();
    takeSessionKeyring('root');
  } catch (error) {
    throw new CommandError(toError(error).message, exitCodes.unavailable, { cause: error });
  }
}

/**
 * Rejects with a {@link CommandError} when the file of the PAM service is missing or could be somebody else's. Without it PAM would fall back
 * to the service `other`.
 */
export async function checkPamFile(paths: SystemPaths): Promise<void> {
  const file = join(paths.pamFolder, pamService);
  const found = await lstat(file).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined)
    throw new CommandError(
      `${file} is missing, and without it nobody could say who may sign in. To make it: remote-kernels install`,
      exitCodes.configuration,
    );
  const faults = await findUntrusted([file]);
  if (faults.length > 0) throw new CommandError(faults.join('\n'), exitCodes.configuration);
}

/** Makes the folders of the daemon: the state for root only, the running one for all to pass through and none to list. */
export async function openSystemFolders(paths: SystemPaths): Promise<void> {
  try {
    await ensurePrivateFolder(paths.state);
    await mkdir(paths.run, { recursive: true, mode: 0o711 });
    const found = await lstat(paths.run);
    if (!found.isDirectory() || found.uid !== 0)
      throw new Error(`${paths.run} is not a folder of root's own`);
    await chmod(paths.run, 0o711);
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), exitCodes.cannotCreate, {
      cause: error,
    });
  }
}
