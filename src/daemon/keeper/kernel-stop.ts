import { delay } from '../../base/time';
import { signalGroup } from '../platform/processes';
import type { KernelProcess, ProcessEnd } from './kernel-process';

/** How long each way of ending a kernel may take before the next, harder one is used. */
export interface StopPatience {
  /** After it was asked by a message. */
  readonly askedMs: number;
  /** After SIGTERM. */
  readonly terminatedMs: number;
}

/** As jupyter_client. (ipykernel itself waits up to 30 s for what it has started, and that is then ended by us.) */
export const usualPatience: StopPatience = { askedMs: 2500, terminatedMs: 2500 };

/** How long a killed process may take to be gone; longer only when it hangs in the system. */
const killedMs = 5000;

/** How long what a kernel has started gets between SIGTERM and SIGKILL. */
const leftoverMs = 300;

/**
 * Ends a kernel with its whole process group: asks it (unless `ask` is absent), then SIGTERM, then SIGKILL, each when the one before did not
 * help in time. Resolves with how it ended; a process that not even SIGKILL ends resolves as ended without code.
 */
export async function stopKernelProcess(
  kernel: KernelProcess,
  ask: (() => void) | undefined,
  patience: StopPatience = usualPatience,
): Promise<ProcessEnd> {
  ask?.();
  let end = ask === undefined ? undefined : await endWithin(kernel, patience.askedMs);
  if (end === undefined && ask !== undefined) {
    signalGroup(kernel.pid, 'SIGTERM');
    end = await endWithin(kernel, patience.terminatedMs);
  }
  if (end === undefined) {
    signalGroup(kernel.pid, 'SIGKILL');
    end = await endWithin(kernel, killedMs);
  }
  await endProcessGroup(kernel.pid);
  return end ?? {};
}

/** Ends what is left in a group whose leader has ended. While one member is left no other process can get its number. */
export async function endProcessGroup(groupId: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM')) return;
  const step = 20;
  for (let waited = 0; waited < leftoverMs; waited += step) {
    await delay(step);
    if (!signalGroup(groupId, 0)) return;
  }
  signalGroup(groupId, 'SIGKILL');
}

function endWithin(kernel: KernelProcess, timeoutMs: number): Promise<ProcessEnd | undefined> {
  const abandon = new AbortController();
  const late = delay(timeoutMs, abandon.signal).catch(() => undefined);
  return Promise.race([kernel.ended, late.then(() => undefined)]).finally(() => abandon.abort());
}
