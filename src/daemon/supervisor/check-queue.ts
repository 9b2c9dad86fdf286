import { toError } from '../../base/errors';

/** How many checks there can be. */
export interface CheckQueueLimits {
  /** Checks under way at once: each is a process. */
  readonly maxRunning: number;
  /** Checks that wait for one of those to end. */
  readonly maxWaiting: number;
}

/** What the daemon of many users takes: a small machine bears this many PAM children, and a class that signs in together finds room to wait. */
export const checkQueueLimits: CheckQueueLimits = { maxRunning: 8, maxWaiting: 128 };

interface Waiting {
  readonly source: string;
  readonly isPreferred: boolean;
  /** Says that it can begin, or that it gave way to another. */
  readonly settle: (canRun: boolean) => void;
}

/**
 * The cap on checks at once. Sources take turns, so that one with a hundred attempts in the queue delays another's single one by one check and
 * no more. A full queue pushes out the last attempt of the source that has the most there, the newcomer's included: as with `MaxStartups` of
 * OpenSSH an attacker can fill the queue, and as long as others have fewer attempts in it they are not the ones who lose their place.
 */
export class CheckQueue {
  private running = 0;
  private waiting: Waiting[] = [];
  /** Sources in the order in which they had their last turn, at most as many as wait. */
  private lastTurns: string[] = [];

  constructor(private readonly limits: CheckQueueLimits) {}

  /**
   * Runs the check in its turn; a preferred one of a source that has had no turn comes before those of others. Resolves with `full` when there
   * was no room. Rejects as the check does, or with the signal's reason.
   */
  async run<T>(
    source: string,
    check: () => Promise<T>,
    signal: AbortSignal,
    isPreferred = false,
  ): Promise<T | 'full'> {
    if (!(await this.enter(source, isPreferred, signal))) return 'full';
    try {
      return await check();
    } finally {
      this.running -= 1;
      this.startNext();
    }
  }

  /** Treats a source as one that has had no turn: its check was right, so it does not stand behind those who guess when it comes back. */
  forgetTurn(source: string): void {
    this.lastTurns = this.lastTurns.filter((other) => other !== source);
  }

  /** Resolves with whether it is this attempt's turn, which the caller then has to give back. */
  private enter(source: string, isPreferred: boolean, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (this.running < this.limits.maxRunning) {
      this.running += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.waiting = this.waiting.filter((other) => other !== entry);
        reject(toError(signal.reason));
      };
      const entry: Waiting = {
        source,
        isPreferred,
        settle(canRun) {
          signal.removeEventListener('abort', onAbort);
          resolve(canRun);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(entry);
      if (this.waiting.length > this.limits.maxWaiting) this.pushOut();
    });
  }

  private pushOut(): void {
    const counts = new Map<string, number>();
    for (const { source } of this.waiting) counts.set(source, (counts.get(source) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const index = this.waiting.findLastIndex(({ source }) => counts.get(source) === most);
    const [entry] = this.waiting.splice(index, 1);
    entry?.settle(false);
  }

  /** The first attempt of the source whose last turn is longest ago; of those that have had none, the first preferred one. */
  private startNext(): void {
    if (this.waiting.length === 0) {
      this.lastTurns = [];
      return;
    }
    let best = 0;
    let bestTurn = Number.POSITIVE_INFINITY;
    this.waiting.forEach(({ source, isPreferred }, index) => {
      const lastTurn = this.lastTurns.indexOf(source);
      const turn = lastTurn < 0 && isPreferred ? -2 : lastTurn;
      if (turn >= bestTurn) return;
      best = index;
      bestTurn = turn;
    });
    const [entry] = this.waiting.splice(best, 1);
    if (entry === undefined) return;
    const { source } = entry;
    this.lastTurns = this.lastTurns.filter((other) => other !== source);
    this.lastTurns.push(source);
    if (this.lastTurns.length > this.limits.maxWaiting) this.lastTurns.shift();
    this.running += 1;
    entry.settle(true);
  }
}
