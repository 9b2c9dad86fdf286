import { join } from 'node:path';
import { isAbortError, systemErrorCode, toError } from '../../base/errors';
import { logLevels, type LogLevel } from '../../base/logger';
import { exitCodes } from '../../protocol/command-line';
import { WireError } from '../../protocol/errors';
import type { ServeWords } from '../configuration/serve-options';
import { explainListenFault } from '../front-door/listen-fault';
import { CertificateError } from '../front-door/own-certificate';
import { UnusableFileError } from '../platform/private-files';
import {
  describeOwnProcess,
  isLockHolder,
  takeProcessLock,
  type ProcessLock,
} from '../platform/process-lock';
import { readBootId } from '../platform/processes';
import type { GivenOptions } from './parse-command-line';
import { CommandError } from './terminal';

/** The options of `serve` about where it listens and under which name, as they were written. */
export function readServeWords(given: GivenOptions): ServeWords {
  const [port] = given.values('--port');
  const [name] = given.values('--name');
  return {
    ...(port === undefined ? {} : { port }),
    ...(name === undefined ? {} : { name }),
    listen: given.values('--listen'),
  };
}

/** The level that was asked for. Throws a {@link CommandError} for a word that is none. */
export function readLevel(given: GivenOptions): LogLevel | undefined {
  const [word] = given.values('--log-level');
  if (word === undefined) return undefined;
  const level = logLevels.find((candidate) => candidate === word);
  if (level === undefined)
    throw new CommandError(`--log-level ${word}: give one of ${logLevels.join(', ')}`, exitCodes.usage);
  return level;
}

/** Resolves at the first signal that asks to end; the second one ends at once. `SIGHUP` does not end a daemon and is handed on. */
export function stopSignal(onHangup: () => void): Promise<string> {
  process.on('SIGHUP', onHangup);
  return new Promise((resolve) => {
    let isAsked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isAsked) process.exit(exitCodes.temporaryFailure);
        isAsked = true;
        resolve(signal);
      });
    }
  });
}

/** Makes this the only daemon with that state. Rejects with a {@link CommandError} that names the other one, called by `whose` ("a daemon of yours"). */
export async function takeDaemonLock(stateFolder: string, whose: string): Promise<ProcessLock> {
  const own = await describeOwnProcess(await readBootId());
  const result = await takeProcessLock(join(stateFolder, 'daemon.lock'), own);
  if (!isLockHolder(result)) return result;
  throw new CommandError(
    `${whose} already runs on this host (process ${result.pid}). See: remote-kernels status. To replace it: kill ${result.pid}`,
    exitCodes.unavailable,
  );
}

const exitCodeOf = {
  'port-in-use': exitCodes.unavailable,
  address: exitCodes.unavailable,
  permission: exitCodes.noPermission,
} as const;

/** What the system says of the disk, which may be well again some time. */
const diskFaults = ['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'ESTALE', 'ENXIO', 'ENODEV'];
/** Something else stands in the place of a file or folder. */
const misplacedFaults = ['EISDIR', 'ENOTDIR', 'ELOOP'];

/**
 * Why a daemon could not start, for a person, with the exit code that says of what kind it is. A service manager starts a daemon no more that ended
 * because of its configuration or for want of a right, so these are said only of what a person must mend. What passes (a start that takes
 * long on a busy machine, no memory or file left, a full disk) and what nobody knows has another code.
 */
export function toStartError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  // A disk that is full has room again some time, so a service manager may try again.
  if (error instanceof WireError) return new CommandError(error.message, exitCodes.ioError, { cause: error });
  const { kind, message } = explainListenFault(error);
  const exitCode = kind === 'other' ? exitCodeOfOther(error) : exitCodeOf[kind];
  return new CommandError(message, exitCode, { cause: toError(error) });
}

function exitCodeOfOther(error: unknown): number {
  if (error instanceof UnusableFileError || error instanceof CertificateError) return exitCodes.configuration;
  if (isAbortError(error)) return exitCodes.temporaryFailure;
  const code = systemErrorCode(error);
  // Faults of Node and of OpenSSL have codes as well: `ERR_…`.
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return exitCodes.software;
  if (misplacedFaults.includes(code)) return exitCodes.configuration;
  return diskFaults.includes(code) ? exitCodes.ioError : exitCodes.temporaryFailure;
}
