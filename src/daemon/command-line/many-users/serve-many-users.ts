import { toError } from '../../../base/errors';
import type { LogLevel } from '../../../base/logger';
import { exitCodes, type ServeEvent } from '../../../protocol/command-line';
import { systemPaths } from '../../configuration/system-paths';
import { createTerminalLogger } from '../../platform/terminal-logger';
import { endAtFault } from '../faults';
import { formatPinLines } from '../pair';
import type { GivenOptions } from '../parse-command-line';
import { stopSignal, takeDaemonLock, toStartError } from '../serve-process';
import { CommandError, ignoreClosedOutputs, printResult, printWords } from '../terminal';
import { startManyUsersDaemon, type ManyUsersDaemon } from './many-users-daemon';
import { checkPamParts } from './pam-parts';
import { readPlan } from './plan';
import { checkPamFile, checkTrust, openSystemFolders, protectProcess } from './preconditions';

/** `remote-kernels serve` as root: serves all users until a signal asks it to end. Rejects with a {@link CommandError} when it cannot start. */
export async function runServeManyUsers(given: GivenOptions, programFile: string): Promise<number> {
  if (given.has('--show-code'))
    throw new CommandError(
      '--show-code goes with --single-user: people sign in to a daemon of many users with their password',
      exitCodes.usage,
    );
  await checkTrust(programFile, process.env);
  await checkPamParts(programFile);
  await protectProcess();
  // What root makes here is never for others to write to, and the users' processes begin with what a login gives them.
  process.umask(0o022);
  const plan = await readPlan(systemPaths, given);
  if (!plan.ok) throw new CommandError(plan.error.message, exitCodes.configuration);
  await checkPamFile(systemPaths);
  let level: LogLevel = plan.value.logLevel;
  const log = createTerminalLogger(() => level);
  ignoreClosedOutputs();
  let onHangup = () =>
    log.info('SIGHUP came before the start was over; the configuration is the present one');
  const stop = stopSignal(() => onHangup());
  await openSystemFolders(systemPaths);
  const lock = await takeDaemonLock(systemPaths.state, 'the daemon of this host');
  endAtFault(log, () => lock.release());
  try {
    log.info('start 1/4: the only daemon of many users on this host');
    const say = given.has('--json')
      ? (event: ServeEvent) => printResult(JSON.stringify(event))
      : () => undefined;
    const starting = startManyUsersDaemon({
      plan: plan.value,
      paths: systemPaths,
      programFile,
      readPlan: (before) => readPlan(systemPaths, given, before),
      onLogLevel: (chosen) => (level = chosen),
      say,
      log,
    });
    const daemon = await starting.catch((error: unknown) => {
      throw toStartError(error);
    });
    onHangup = () => {
      daemon.reload().catch((error: unknown) => log.error('the reload failed', toError(error)));
    };
    if (!given.has('--json')) tellListening(daemon);
    log.info('start 4/4: ready');
    const reason = await stop;
    log.info(`ending: ${reason}`);
    say({ event: 'stopping', reason });
    await daemon.stop();
    log.info('ended; kernels and their agents go on');
    return exitCodes.ok;
  } finally {
    await lock.release();
  }
}

function tellListening(daemon: ManyUsersDaemon): void {
  const { name, addresses, pin } = daemon.describe();
  printWords(
    [
      `${name} listens on ${addresses.join(', ')}. Its users sign in with their password. Stop it with Ctrl-C; kernels go on.`,
      "Fingerprint (SHA-256) of this host's key; the editor shows the same at its first connection:",
      ...formatPinLines(pin),
    ].join('\n'),
  );
}
