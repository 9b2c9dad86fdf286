/** How many automatic restarts within {@link windowMs} show that another would not help. As jupyter_client's restarter. */
export const maxRestartsInWindow = 5;
/** The time in which automatic restarts are counted. */
export const windowMs = 60_000;

/** The automatic restarts of one kernel: an immutable value. */
export interface RestartHistory {
  /** When they were, in milliseconds since the epoch, oldest first. */
  readonly times: readonly number[];
}

/** A kernel that has not been restarted. */
export const noRestarts: RestartHistory = { times: [] };

/** The history with one more restart now, or `undefined` when the kernel dies too often to be started again by itself. */
export function withRestart(history: RestartHistory, now: number): RestartHistory | undefined {
  const times = history.times.filter((time) => now - time < windowMs);
  return times.length >= maxRestartsInWindow ? undefined : { times: [...times, now] };
}
