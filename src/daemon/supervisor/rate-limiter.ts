import { attemptsBeforePause } from '../../protocol/front-door';

/** How many sign-ins are allowed. */
export interface RateLimits {
  /** Attempts of one source before it has to wait. */
  readonly attemptsBeforePause: number;
  /** The first pause; each further one of the same source is twice as long. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After this long without an attempt a source is forgotten. */
  readonly forgetAfterMs: number;
  /** Attempts of everybody together at once, and how fast they come back. */
  readonly totalBurst: number;
  readonly totalRefillMs: number;
  /** How many sources are remembered; the one not heard of for longest goes first, and the limit in all holds regardless. */
  readonly maxSources: number;
}

/** What the daemon uses: three attempts, then 30 s; in all 30 at once and one more every two seconds. */
export const signInRateLimits: RateLimits = {
  attemptsBeforePause,
  firstPauseMs: 30_000,
  longestPauseMs: 15 * 60_000,
  forgetAfterMs: 60 * 60_000,
  totalBurst: 30,
  totalRefillMs: 2_000,
  maxSources: 1_024,
};

/** Whether an attempt may be looked at. */
export type RateDecision =
  { readonly isAllowed: true } | { readonly isAllowed: false; readonly retryAfterMs: number };

interface SourceRecord {
  readonly attempts: number;
  readonly pausedUntilMs: number;
  readonly lastMs: number;
}

/**
 * Counts attempts at signing in, per source and in all. An attempt is counted before its credentials are looked at, so that many at once
 * gain nothing. Memory is bounded by `maxSources`. `now` is any clock in milliseconds that does not go back.
 */
export class RateLimiter {
  /** Insertion order is the order of last use. */
  private readonly sources = new Map<string, SourceRecord>();
  private totalLeft: number;
  private totalAtMs: number;

  constructor(
    private readonly limits: RateLimits,
    private readonly now: () => number,
  ) {
    this.totalLeft = limits.totalBurst;
    this.totalAtMs = now();
  }

  /** Counts an attempt, or says how long to wait; a refused one costs nothing. */
  take(source: string): RateDecision {
    const nowMs = this.now();
    const known = this.find(source, nowMs);
    if (known !== undefined && known.pausedUntilMs > nowMs)
      return { isAllowed: false, retryAfterMs: known.pausedUntilMs - nowMs };
    this.refill(nowMs);
    if (this.totalLeft < 1)
      return { isAllowed: false, retryAfterMs: Math.ceil(this.limits.totalRefillMs * (1 - this.totalLeft)) };
    this.totalLeft -= 1;
    this.remember(source, (known?.attempts ?? 0) + 1, nowMs);
    return { isAllowed: true };
  }

  /** Forgets what was counted for a source: it has signed in. */
  succeeded(source: string): void {
    this.sources.delete(source);
  }

  /**
   * Gives one counted attempt of a source back, and the pause that it brought: it was a right one. Unlike {@link succeeded} this leaves what
   * others behind the same source have tried, so that one right password does not wash off a hundred wrong ones.
   */
  refund(source: string): void {
    const known = this.sources.get(source);
    if (known === undefined) return;
    const isPause = known.attempts % this.limits.attemptsBeforePause === 0;
    this.sources.set(source, {
      ...known,
      attempts: Math.max(0, known.attempts - 1),
      pausedUntilMs: isPause ? 0 : known.pausedUntilMs,
    });
  }

  /** Counts a failure of an attempt that was allowed before, such as a wrong answer to a further question. */
  count(source: string): void {
    const nowMs = this.now();
    const known = this.find(source, nowMs);
    this.remember(source, (known?.attempts ?? 0) + 1, nowMs, known?.pausedUntilMs);
  }

  /** How many sources are remembered now. */
  get size(): number {
    return this.sources.size;
  }

  private find(source: string, nowMs: number): SourceRecord | undefined {
    const known = this.sources.get(source);
    if (known === undefined) return undefined;
    const isOld = nowMs - known.lastMs > this.limits.forgetAfterMs && known.pausedUntilMs <= nowMs;
    return isOld ? undefined : known;
  }

  private refill(nowMs: number): void {
    const gained = (nowMs - this.totalAtMs) / this.limits.totalRefillMs;
    this.totalLeft = Math.min(this.limits.totalBurst, this.totalLeft + gained);
    this.totalAtMs = nowMs;
  }

  private remember(source: string, attempts: number, nowMs: number, pausedUntilMs = 0): void {
    const isPause = attempts % this.limits.attemptsBeforePause === 0;
    const pauses = Math.floor(attempts / this.limits.attemptsBeforePause);
    const pauseMs = Math.min(
      this.limits.longestPauseMs,
      this.limits.firstPauseMs * 2 ** Math.min(30, pauses - 1),
    );
    this.sources.delete(source);
    this.sources.set(source, {
      attempts,
      pausedUntilMs: isPause ? nowMs + pauseMs : pausedUntilMs,
      lastMs: nowMs,
    });
    if (this.sources.size <= this.limits.maxSources) return;
    const [oldest] = this.sources.keys();
    if (oldest !== undefined) this.sources.delete(oldest);
  }
}
