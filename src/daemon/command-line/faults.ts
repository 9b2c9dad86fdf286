import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { exitCodes } from '../../protocol/command-line';

/** How long giving up what is held may take before the process ends all the same. */
const releaseTimeoutMs = 2_000;

/**
 * Ends this process in words at a fault that nothing else has caught: logs it, gives up what it holds, and exits with `exitCodes.software`.
 * Going on is no choice, since nobody knows what was left half done.
 */
export function endAtFault(log: Logger, release: () => Promise<void>): void {
  let isEnding = false;
  const onFault = (fault: unknown) => {
    // What breaks while it ends is a consequence of the first fault.
    if (isEnding) return;
    isEnding = true;
    log.error('ending by a fault of its own; kernels and their agent go on', toError(fault));
    const exit = () => process.exit(exitCodes.software);
    setTimeout(exit, releaseTimeoutMs);
    release()
      .catch((error: unknown) => log.error('the lock was not given up', error))
      .finally(exit);
  };
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
}
