import { createHash } from 'node:crypto';
import { RateLimiter, signInRateLimits, type RateLimits } from './rate-limiter';

/** Whether an attempt may be looked at, and after which delay. */
export type AttemptDecision =
  | {
      readonly isAllowed: true;
      readonly delayMs: number;
      /** Whether the account has signed in from this source before. */
      readonly isKnown: boolean;
    }
  | { readonly isAllowed: false; readonly retryAfterMs: number };

const unlimited = { totalBurst: Number.MAX_SAFE_INTEGER, totalRefillMs: 1 };

/** Of one account from one source: as strict as the daemon of one user. */
const pairLimits: RateLimits = { ...signInRateLimits, ...unlimited, maxSources: 8_192 };

/** Of one source whatever the account: a class behind one address signs in at once, and right attempts are given back. */
const sourceLimits: RateLimits = {
  ...signInRateLimits,
  ...unlimited,
  attemptsBeforePause: 100,
  maxSources: 4_096,
};

/** Failures of one account from anywhere before its attempts are slowed down. */
const failuresBeforeDelay = 10;
const firstDelayMs = 250;
const longestDelayMs = 4_000;
const forgetFailuresAfterMs = 60 * 60_000;
const maxAccounts = 4_096;
/** Pairs of account and source that have signed in, which are not slowed down by what others do. */
const maxKnownPairs = 8_192;
/** Of one account: a person comes from a few places, and nobody is to have the preference of many. */
const maxKnownOfAccount = 8;

/**
 * The penalties for signing in, three of them, all counted before the credentials are looked at so that many attempts at once gain nothing:
 *
 * - *Account and source together* have three attempts and then a pause, which doubles up to 15 minutes (as `PerSourcePenalties` of OpenSSH
 *   grow). This stops who guesses one person's password.
 * - *A source*, whatever the account, has a hundred and then the same pauses. This stops who tries one password on every account. It is wide
 *   since a whole class can be behind one address; an attempt that was right is given back and costs nothing.
 * - *An account*, wherever its attempts come from, is only ever slowed down: after ten failures each further attempt waits before it is
 *   looked at, up to 4 s. Nothing here is a lock-out: whoever knows a name could otherwise keep its owner out. An attempt from where
 *   the account has signed in before (the last eight such sources) does not wait, comes first where checks have to wait for each other, and loses
 *   its place there to no stranger.
 *
 * Many sources against many accounts meet only the cap on checks at once, in `check-queue.ts`, where sources take turns: with that the whole
 * machine looks at a few passwords a second, as it would with `MaxStartups` of sshd. A front door that was taken over can invent sources; it
 * meets the delay of the account and the same cap.
 *
 * Names count alike in every case, since some directories do not tell them apart, and whether there is such an account or not. Memory is
 * bounded: the least recently seen are forgotten first.
 */
export class SignInLimits {
  private readonly pairs: RateLimiter;
  private readonly sources: RateLimiter;
  private readonly accounts = new Map<string, { readonly failures: number; readonly lastMs: number }>();
  private readonly knownPairs = new Set<string>();

  constructor(private readonly now: () => number) {
    this.pairs = new RateLimiter(pairLimits, now);
    this.sources = new RateLimiter(sourceLimits, now);
  }

  /** Counts an attempt; one that has to wait costs nothing. */
  begin(account: string, source: string): AttemptDecision {
    const pair = pairOf(account, source);
    const ofPair = this.pairs.take(pair);
    if (!ofPair.isAllowed) return ofPair;
    const ofSource = this.sources.take(source);
    if (!ofSource.isAllowed) {
      this.pairs.refund(pair);
      return ofSource;
    }
    const isKnown = this.knownPairs.has(pair);
    const delayMs = isKnown ? 0 : this.delayOf(account);
    this.countAccount(account, 1);
    return { isAllowed: true, delayMs, isKnown };
  }

  /** The attempt was right. */
  accepted(account: string, source: string): void {
    const pair = pairOf(account, source);
    this.pairs.succeeded(pair);
    this.sources.refund(source);
    this.countAccount(account, -1);
    this.knownPairs.delete(pair);
    this.knownPairs.add(pair);
    const start = pairOf(account, '');
    const ofAccount = [...this.knownPairs].filter((other) => other.startsWith(start));
    for (const old of ofAccount.slice(0, -maxKnownOfAccount)) this.knownPairs.delete(old);
    dropOldest(this.knownPairs, maxKnownPairs);
  }

  /** The attempt was not looked at, through no fault of the person. */
  notChecked(account: string, source: string): void {
    this.pairs.refund(pairOf(account, source));
    this.sources.refund(source);
    this.countAccount(account, -1);
  }

  /** A further answer of an attempt that was counted at its beginning was wrong. */
  failedLater(account: string, source: string): void {
    this.pairs.count(pairOf(account, source));
    this.sources.count(source);
    this.countAccount(account, 1);
  }

  /** How many accounts and pairs are remembered now. */
  get size(): number {
    return this.pairs.size + this.sources.size + this.accounts.size + this.knownPairs.size;
  }

  private delayOf(account: string): number {
    const failures = this.failuresOf(account);
    if (failures < failuresBeforeDelay) return 0;
    return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(30, failures - failuresBeforeDelay));
  }

  private failuresOf(account: string): number {
    const known = this.accounts.get(digestOf(account));
    return known === undefined || this.now() - known.lastMs > forgetFailuresAfterMs ? 0 : known.failures;
  }

  private countAccount(account: string, change: number): void {
    const failures = Math.max(0, this.failuresOf(account) + change);
    const key = digestOf(account);
    this.accounts.delete(key);
    if (failures > 0) this.accounts.set(key, { failures, lastMs: this.now() });
    dropOldest(this.accounts, maxAccounts);
  }
}

function dropOldest(
  items: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean },
  max: number,
): void {
  if (items.size <= max) return;
  const oldest = items.keys().next();
  if (oldest.done !== true) items.delete(oldest.value);
}

/** Names of any length take the same room. */
function digestOf(account: string): string {
  return createHash('sha256').update(account.toLowerCase()).digest('base64url');
}

function pairOf(account: string, source: string): string {
  return `${digestOf(account)} ${source}`;
}
