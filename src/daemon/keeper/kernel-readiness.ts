import type { Logger } from '../../base/logger';
import { delay } from '../../base/time';

/** What is needed to find out whether a kernel answers. */
export interface ReadinessProbe {
  /** Sends a `kernel_info_request`; resolves with the reply. */
  askKernelInfo(signal: AbortSignal): Promise<void>;
  /** Whether anything has arrived on iopub since the sockets were opened. */
  isIopubFlowing(): boolean;
}

/** How long after its reply the kernel's status messages may take before it is asked again. */
const iopubWaitMs = 100;

/** A kernel that answers but never says anything on iopub is taken as it is after that long. */
const iopubPatienceMs = 5000;

/**
 * Resolves when the kernel answers and what it publishes reaches us. A subscription takes effect in the kernel some time after the connection
 * is made, and what it publishes before is gone; so it is asked for its information again until the status messages of that arrive.
 * Rejects with the signal's reason.
 */
export async function awaitReadiness(probe: ReadinessProbe, signal: AbortSignal, log: Logger): Promise<void> {
  await probe.askKernelInfo(signal);
  const end = Date.now() + iopubPatienceMs;
  while (!(await flowsWithin(probe, signal))) {
    if (Date.now() > end) {
      log.warn(`the kernel answers, but published nothing within ${iopubPatienceMs / 1000} s`);
      return;
    }
    await probe.askKernelInfo(signal);
  }
}

async function flowsWithin(probe: ReadinessProbe, signal: AbortSignal): Promise<boolean> {
  for (let waited = 0; waited < iopubWaitMs; waited += 5) {
    if (probe.isIopubFlowing()) return true;
    await delay(5, signal);
  }
  return probe.isIopubFlowing();
}
