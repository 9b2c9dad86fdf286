import { hostname } from 'node:os';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { exitCodes, type ServeEvent } from '../../protocol/command-line';
import { readServeOptions, type ServeOptions } from '../configuration/serve-options';
import { createTerminalLogger } from '../platform/terminal-logger';
import { openDaemonFolders, type DaemonFolders } from './daemon-folders';
import { endAtFault } from './faults';
import { formatPinLines, formatTime } from './pair';
import type { GivenOptions } from './parse-command-line';
import { startSingleUserDaemon, type SingleUserDaemon } from './single-user-daemon';
import { readLevel, readServeWords, stopSignal, takeDaemonLock, toStartError } from './serve-process';
import { CommandError, ignoreClosedOutputs, printResult, printWords } from './terminal';

/** `remote-kernels serve` for the user who runs it: runs until a signal asks it to end. Rejects with a {@link CommandError} when it cannot start. */
export async function runServe(given: GivenOptions, programFile: string): Promise<number> {
  const options = readOptions(given);
  const isJson = given.has('--json');
  const isCodeShown = given.has('--show-code');
  const level = readLevel(given) ?? 'info';
  const log = createTerminalLogger(() => level);
  ignoreClosedOutputs();
  const stop = stopSignal(() => log.debug('SIGHUP is ignored'));
  const folders = await openFolders(log);
  const lock = await takeDaemonLock(folders.state, 'a daemon of yours');
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
      throw toStartError(error);
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

function readOptions(given: GivenOptions): ServeOptions {
  const result = readServeOptions(readServeWords(given), hostname());
  if (!result.ok) throw new CommandError(result.error.message, exitCodes.usage);
  return result.value;
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

function tellEvents(daemon: SingleUserDaemon, say: (event: ServeEvent) => void, isCodeTold: boolean): void {
  daemon.onSignedIn(({ user, source }) => say({ event: 'signed-in', user, source }));
  daemon.onCode(({ code, expiresAt }) => say({ event: 'code', expiresAt, ...(isCodeTold ? { code } : {}) }));
  daemon.announcement?.onState((state) => {
    if (state.kind === 'failed') say({ event: 'announcement-failed', message: state.message });
    else {
      const { name, interfaces, by, because } = state;
      const why = because === undefined ? {} : { because };
      say({ event: 'announcing', name, interfaces: [...interfaces], by, ...why });
    }
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
