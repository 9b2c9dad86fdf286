import { toError } from '../../base/errors';
import type { Logger, LogLevel } from '../../base/logger';
import { exitCodes, type ServeEvent } from '../../protocol/command-line';
import { createTerminalLogger } from '../platform/terminal-logger';
import { openDaemonFolders, type DaemonFolders } from './daemon-folders';
import { endAtFault } from './faults';
import { formatPinLines, formatTime } from './pair';
import type { GivenOptions } from './parse-command-line';
import { stopSignal, takeDaemonLock, toStartError } from './serve-process';
import { startSingleUserDaemon, type SingleUserDaemon } from './single-user-daemon';
import { findUserFiles, readSingleUserPlan } from './single-user-plan';
import { CommandError, ignoreClosedOutputs, printResult, printWords } from './terminal';

/** `remote-kernels serve` for the user who runs it: runs until a signal asks it to end. Rejects with a {@link CommandError} when it cannot start. */
export async function runServe(given: GivenOptions, programFile: string): Promise<number> {
  const { daemon: path } = await findUserFiles();
  const plan = await readSingleUserPlan(path, given);
  if (!plan.ok) throw new CommandError(plan.error.message, exitCodes.configuration);
  const isJson = given.has('--json');
  const isCodeShown = given.has('--show-code');
  let level: LogLevel = plan.value.logLevel;
  const log = createTerminalLogger(() => level);
  ignoreClosedOutputs();
  let onHangup = () =>
    log.info('SIGHUP came before the start was over; the configuration is the present one');
  const stop = stopSignal(() => onHangup());
  const folders = await openFolders(log);
  const lock = await takeDaemonLock(folders.state, 'a daemon of yours');
  endAtFault(log, () => lock.release());
  try {
    log.info('start 1/4: the only daemon of this user');
    const daemon = await startSingleUserDaemon({
      plan: plan.value,
      readPlan: (before) => readSingleUserPlan(path, given, before),
      onLogLevel: (chosen) => (level = chosen),
      folders,
      programFile,
      log,
    }).catch((error: unknown) => {
      throw toStartError(error);
    });
    onHangup = () => {
      daemon.reload().catch((error: unknown) => log.error('the reload failed', toError(error)));
    };
    const say = isJson ? (event: ServeEvent) => printResult(JSON.stringify(event)) : () => undefined;
    tellEvents(daemon, say, isJson && isCodeShown);
    tellListening(daemon, { isJson, isCodeShown, say });
    daemon.announce();
    log.info(`start 4/4: ready${plan.value.isAnnounced ? '' : '; not announced'}`);
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
  daemon.onFrontDoor((event) => {
    switch (event.event) {
      case 'listening': {
        const { url, addresses, pin, daemonId } = daemon.describe();
        say({ event: 'listening', url, addresses, pin, daemonId });
        break;
      }
      case 'announcing':
      case 'announcement-failed':
      case 'announcement-ended':
      case 'place-refused':
        say(event);
        break;
      case 'connections':
      case 'failed':
        break;
    }
  });
}

/**
 * Says that it listens. The first code is made only where somebody can read it: on a terminal, or by whoever asked for it. Standard error that
 * is no terminal often ends in a log, and a code has no place there.
 */
function tellListening(
  daemon: SingleUserDaemon,
  how: {
    readonly isJson: boolean;
    readonly isCodeShown: boolean;
    readonly say: (event: ServeEvent) => void;
  },
): void {
  const { name, ...described } = daemon.describe();
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
      `${name} listens on ${described.addresses.join(', ')}. Stop it with Ctrl-C; kernels go on.`,
      "Fingerprint (SHA-256) of this host's key; the editor shows the same at its first connection:",
      ...formatPinLines(described.pin),
      code === undefined
        ? 'Make a pairing code with: remote-kernels pair'
        : `Pairing code: ${code.code}   (once, until ${formatTime(code.expiresAt)}; another one: remote-kernels pair)`,
    ].join('\n'),
  );
}
