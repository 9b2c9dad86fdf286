import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode, toError } from '../../base/errors';
import type { Logger, LogLevel } from '../../base/logger';
import { exitCodes, type ServeEvent } from '../../protocol/command-line';
import { readServeOptions, type ServeOptions } from '../configuration/serve-options';
import { PortInUseError } from '../front-door/listeners';
import {
  describeOwnProcess,
  isLockHolder,
  takeProcessLock,
  type ProcessLock,
} from '../platform/process-lock';
import { readBootId } from '../platform/processes';
import { openDaemonFolders, type DaemonFolders } from './daemon-folders';
import { endAtFault } from './faults';
import { formatPinLines, formatTime } from './pair';
import type { GivenOptions } from './parse-command-line';
import { startSingleUserDaemon, type SingleUserDaemon } from './single-user-daemon';
import {
  CommandError,
  createTerminalLogger,
  ignoreClosedOutputs,
  logLevels,
  printResult,
  printWords,
} from './terminal';

/** `remote-kernels serve`: runs until a signal asks it to end. Rejects with a {@link CommandError} when it cannot start. */
export async function runServe(given: GivenOptions, programFile: string): Promise<number> {
  refuseManyUsers(given);
  const options = readOptions(given);
  const isJson = given.has('--json');
  const isCodeShown = given.has('--show-code');
  const log = createTerminalLogger(readLevel(given));
  ignoreClosedOutputs();
  const stop = stopSignal(log);
  const folders = await openFolders(log);
  const lock = await takeLock(folders);
  endAtFault(log, () => lock.release());
  try {
    log.info('start 1/4: the only daemon of this user');
    const daemon = await startSingleUserDaemon({
      serve: options,
      folders,
      programFile,
      isAnnounced: !given.has('--no-announce'),
      log,
    }).catch((error: unknown) => {
      throw toCommandError(error);
    });
    const say = isJson ? (event: ServeEvent) => printResult(JSON.stringify(event)) : () => undefined;
    tellEvents(daemon, say, isJson && isCodeShown);
    tellListening(daemon, options, { isJson, isCodeShown, say });
    daemon.announcement?.start();
    log.info(`start 4/4: ready${daemon.announcement === undefined ? '; not announced' : ''}`);
    const reason = await stop;
    log.info(`ending: ${reason}`);
    say({ event: 'stopping', reason });
    await daemon.stop();
    log.info('ended; kernels and their agent go on');
    return exitCodes.ok;
  } finally {
    await lock.release();
  }
}

function refuseManyUsers(given: GivenOptions): void {
  if (process.getuid?.() === 0 && !given.has('--single-user'))
    throw new CommandError(
      'serving many users is not in this version. To serve only this user (root): remote-kernels serve --single-user',
      exitCodes.configuration,
    );
}

function readOptions(given: GivenOptions): ServeOptions {
  const [port] = given.values('--port');
  const [displayName] = given.values('--name');
  const words = {
    ...(port === undefined ? {} : { port }),
    ...(displayName === undefined ? {} : { name: displayName }),
    listen: given.values('--listen'),
  };
  const result = readServeOptions(words, hostname());
  if (!result.ok) throw new CommandError(result.error.message, exitCodes.usage);
  return result.value;
}

function readLevel(given: GivenOptions): LogLevel {
  const [word] = given.values('--log-level');
  if (word === undefined) return 'info';
  const level = logLevels.find((candidate) => candidate === word);
  if (level === undefined)
    throw new CommandError(`--log-level ${word}: give one of ${logLevels.join(', ')}`, exitCodes.usage);
  return level;
}

/** Resolves at the first signal that asks to end; the second one ends at once. A closed terminal is none. */
function stopSignal(log: Logger): Promise<string> {
  process.on('SIGHUP', () => log.debug('SIGHUP is ignored'));
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

async function openFolders(log: Logger): Promise<DaemonFolders> {
  try {
    const folders = await openDaemonFolders();
    if (folders.problem !== undefined)
      log.warn(`the state is kept in ${folders.state} until this machine restarts: ${folders.problem}`);
    return folders;
  } catch (error) {
    throw new CommandError(toError(error).message, exitCodes.cannotCreate, { cause: error });
  }
}

async function takeLock(folders: DaemonFolders): Promise<ProcessLock> {
  const own = await describeOwnProcess(await readBootId());
  const result = await takeProcessLock(join(folders.state, 'daemon.lock'), own);
  if (!isLockHolder(result)) return result;
  throw new CommandError(
    `a daemon of yours already runs on this host (process ${result.pid}). See: remote-kernels status. To replace it: kill ${result.pid}`,
    exitCodes.unavailable,
  );
}

function toCommandError(error: unknown): CommandError {
  const cause = toError(error);
  if (error instanceof PortInUseError)
    return new CommandError(
      `${error.message}. Choose another one with --port, or --port 0 for one that is free`,
      exitCodes.unavailable,
      { cause },
    );
  switch (systemErrorCode(error)) {
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return new CommandError(
        `this machine cannot listen on that address (${cause.message}). Give one of its own with --listen, or "all"`,
        exitCodes.unavailable,
        { cause },
      );
    case 'EACCES':
    case 'EPERM':
      return new CommandError(
        `the system does not allow it (${cause.message}). Ports below 1024 are for root: choose another one with --port`,
        exitCodes.noPermission,
        { cause },
      );
    default:
      return new CommandError(cause.message, exitCodes.configuration, { cause });
  }
}

function tellEvents(daemon: SingleUserDaemon, say: (event: ServeEvent) => void, isCodeTold: boolean): void {
  daemon.onSignedIn(({ user, source }) => say({ event: 'signed-in', user, source }));
  daemon.onCode(({ code, expiresAt }) => say({ event: 'code', expiresAt, ...(isCodeTold ? { code } : {}) }));
  daemon.announcement?.onState((state) => {
    if (state.kind === 'failed') say({ event: 'announcement-failed', message: state.message });
    else say({ event: 'announcing', name: state.name, interfaces: [...state.interfaces] });
  });
}

/**
 * Says that it listens. The first code is made only where somebody can read it: on a terminal, or by whoever asked for it. Standard error that
 * is no terminal often ends in a log, and a code has no place there.
 */
function tellListening(
  daemon: SingleUserDaemon,
  options: ServeOptions,
  how: {
    readonly isJson: boolean;
    readonly isCodeShown: boolean;
    readonly say: (event: ServeEvent) => void;
  },
): void {
  const described = daemon.describe();
  const isShownInWords = !how.isJson && (how.isCodeShown || process.stderr.isTTY);
  const code = how.isCodeShown || isShownInWords ? daemon.pair() : undefined;
  how.say({
    event: 'listening',
    ...described,
    ...(how.isCodeShown && code !== undefined ? { code: code.code } : {}),
  });
  if (how.isJson) return;
  printWords(
    [
      `${options.name} listens on ${described.addresses.join(', ')}. Stop it with Ctrl-C; kernels go on.`,
      "Fingerprint (SHA-256) of this host's key; the editor shows the same at its first connection:",
      ...formatPinLines(described.pin),
      code === undefined
        ? 'Make a pairing code with: remote-kernels pair'
        : `Pairing code: ${code.code}   (once, until ${formatTime(code.expiresAt)}; another one: remote-kernels pair)`,
    ].join('\n'),
  );
}
