import { join } from 'node:path';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { WireError } from '../../protocol/errors';
import type { KeeperGreeting, KeeperOrder } from '../../protocol/keeper';
import { LogFile } from '../platform/log-file';
import { restoreOpenFiles } from '../platform/open-files';
import { ensurePrivateFolder } from '../platform/private-files';
import { Keeper } from './keeper';
import { logFileName } from './record-file';
import { closeOutput, greet, readOrder, sendErrorsTo } from './standard-streams';
import { StartFailure } from './start-failure';

/** EX_USAGE, EX_SOFTWARE and EX_UNAVAILABLE of `sysexits`. */
const exitUsage = 64;
const exitSoftware = 70;
const exitUnavailable = 69;

/** There are as many logs as kernels, each with an older one. */
const maxLogBytes = 512 * 1024;

/** How long after its end something of a keeper may still hold the process up. */
const exitGraceMs = 1000;

/** Runs one keeper until its kernel has ended and nobody needs it any more; see `protocol/keeper.ts`. Resolves with the exit code. */
export async function runKeeper(): Promise<number> {
  let order: KeeperOrder;
  try {
    order = await readOrder();
  } catch (error) {
    process.stderr.write(`remote-kernels keeper: ${toError(error).message}\n`);
    return exitUsage;
  }
  const exitCode = await keep(order);
  setTimeout(() => process.exit(exitCode), exitGraceMs).unref();
  return exitCode;
}

async function keep(order: KeeperOrder): Promise<number> {
  try {
    await ensurePrivateFolder(order.stateFolder);
  } catch (error) {
    greet(toFailure(error));
    closeOutput();
    return exitUnavailable;
  }
  const logPath = join(order.stateFolder, logFileName);
  const file = new LogFile({ path: logPath, maxBytes: maxLogBytes, maxOlder: 1, level: 'info' });
  const log = file.createLogger();
  sendErrorsTo(logPath);
  log.info(`keeper ${process.pid} of kernel ${order.kernelId} (${order.environmentName})`);
  await restoreOpenFiles(process.env).catch((error: unknown) =>
    log.warn(`the kernel may open more files than a login: ${toError(error).message}`),
  );
  const keeper = new Keeper(order, log);
  listenToSignals(keeper, log);
  try {
    await keeper.listen();
    greet({ event: 'listening', socket: keeper.socket, keeperPid: process.pid });
    const started = await keeper.begin();
    greet({ event: 'started', state: started });
  } catch (error) {
    log.error('the kernel did not start', error);
    await keeper.giveUp().catch((failure: unknown) => log.error('cleaning up was not possible', failure));
    keeper.dispose();
    file.dispose();
    greet(toFailure(error));
    closeOutput();
    return exitUnavailable;
  }
  closeOutput();
  if ((await keeper.ended) === 'shut-down') await keeper.cleanUp();
  keeper.dispose();
  file.dispose();
  return 0;
}

/** A keeper that is asked to end leaves its kernel running; so does one that has met a fault of its own. */
function listenToSignals(keeper: Keeper, log: Logger): void {
  process.on('SIGTERM', () => keeper.leave());
  process.on('SIGINT', () => keeper.leave());
  process.on('SIGHUP', () => log.info('the terminal of whoever started this keeper is gone'));
  const onFault = (fault: unknown) => {
    log.error('a fault in this keeper; it ends, and its kernel runs on', toError(fault));
    process.exit(exitSoftware);
  };
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
}

function toFailure(error: unknown): Extract<KeeperGreeting, { event: 'failed' }> {
  if (error instanceof StartFailure) {
    const { code, signal } = error.end;
    return {
      event: 'failed',
      code: error.code,
      message: error.message,
      output: error.output,
      ...(code === undefined ? {} : { exitCode: code }),
      ...(signal === undefined ? {} : { signal }),
    };
  }
  const code = error instanceof WireError ? error.code : undefined;
  return {
    event: 'failed',
    code: code === 'storage-full' || code === 'storage-read-only' ? code : 'kernel-start-failed',
    message: toError(error).message,
    output: '',
  };
}
