/** When to try again: an immutable value whose `next` gives the one after it. */
export interface Backoff {
  /** How many tries this back-off has seen; the first is 0. */
  readonly attempt: number;
  /** How long to wait before the next try. */
  readonly delayMs: number;
  next(): Backoff;
}

/** The shape of a back-off: doubles from `firstMs` up to `capMs`, with up to that share of jitter added or taken away. */
export interface BackoffPolicy {
  readonly firstMs: number;
  readonly capMs: number;
  readonly jitter: number;
}

/** Starts a back-off. `random` is 0 to 1 as `Math.random`, passed by tests. */
export function createBackoff(policy: BackoffPolicy, random: () => number = Math.random): Backoff {
  const at = (attempt: number): Backoff => {
    const full = Math.min(policy.capMs, policy.firstMs * 2 ** Math.min(attempt, 30));
    const delayMs = Math.round(full * (1 + policy.jitter * (random() * 2 - 1)));
    return { attempt, delayMs: Math.max(0, delayMs), next: () => at(attempt + 1) };
  };
  return at(0);
}
