import { access } from 'node:fs/promises';
import { createBackoff, type BackoffPolicy } from '../../../base/backoff';
import { toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { delay } from '../../../base/time';
import type { KeeperRecord } from '../../../protocol/keeper';
import { adoptKernel } from './adoption';
import { endProcessesOf } from './force';
import type { StartedKeeper } from './keeper-process';
import { judgeRecord, readRecord, removeKernel } from './records';

/** What became of a kernel whose keeper's connection ended. */
export type Recovery =
  /** Its keeper ended properly and took the record with it. */
  | { readonly kind: 'removed' }
  /** A keeper runs: the one of before, or one that somebody else started. */
  | { readonly kind: 'kept'; readonly socket: string }
  /** We gave it another keeper. */
  | { readonly kind: 'adopted'; readonly started: StartedKeeper }
  /** Neither its process nor a keeper runs; nothing of it is left on the disk. */
  | { readonly kind: 'ended' };

/** Which kernel is to be recovered, and how. */
export interface RecoveryOptions {
  /** The bundle that is started as a keeper. */
  readonly program: string;
  readonly recordFolder: string;
  /** Called after each try that gave it no keeper although its process runs. */
  readonly onUnreachable: () => void;
  /** Gives up: the kernel is of no interest any more. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** The pause before a living keeper whose connection broke is asked again. */
const reconnectDelayMs = 200;

/** What keeps a keeper from starting, such as a full disk, can pass at once or stay for hours. */
const retryPolicy: BackoffPolicy = { firstMs: 500, capMs: 60_000, jitter: 0.2 };

/**
 * Finds out what became of a kernel and gives it another keeper where it needs one. As long as its process runs it is tried again: what a person
 * computed for hours is not given up because a keeper could not start. Rejects only when the signal aborts.
 */
export async function recoverKernel(options: RecoveryOptions): Promise<Recovery> {
  const { logger, signal } = options;
  const attempt = new RecoveryAttempt(options);
  for (let backoff = createBackoff(retryPolicy); ; backoff = backoff.next()) {
    signal.throwIfAborted();
    try {
      return await attempt.run();
    } catch (error) {
      signal.throwIfAborted();
      logger.error(
        `the kernel has no keeper, which is tried again in ${backoff.delayMs / 1000} s: ${toError(error).message}`,
      );
      options.onUnreachable();
    }
    await delay(backoff.delayMs, signal);
  }
}

/** The tries for one kernel. They remember its record, which a keeper that fails may take with it. */
class RecoveryAttempt {
  private known: KeeperRecord | undefined;

  constructor(private readonly options: RecoveryOptions) {}

  async run(): Promise<Recovery> {
    const { recordFolder, signal, logger, program } = this.options;
    const record = (await readRecord(recordFolder)) ?? this.known;
    if (record === undefined) return { kind: 'removed' };
    switch ((await judgeRecord(record)).kind) {
      case 'kept':
        // A keeper that lives and closes the stream at once must not be asked without a pause.
        await delay(reconnectDelayMs, signal);
        return { kind: 'kept', socket: record.socket };
      case 'orphaned':
        if (this.known !== undefined && !(await isThere(record.connectionFile))) {
          logger.error('the key of the kernel is lost, so that nobody can speak with it again: it is ended');
          await endProcessesOf(record);
          return this.end(record, 'its key is lost');
        }
        logger.warn('the keeper of the kernel is gone: another one takes the kernel over');
        this.known = record;
        return { kind: 'adopted', started: await adoptKernel(program, record, logger) };
      case 'ended':
        return this.end(record, 'the kernel and its keeper are gone');
    }
  }

  private async end(record: KeeperRecord, why: string): Promise<Recovery> {
    await removeKernel(record, why, this.options.logger);
    return { kind: 'ended' };
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
