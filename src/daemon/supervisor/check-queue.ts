import { toError } from '../../base/errors';
import { mostCrowded, networksOf } from '../platform/network-source';

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
 * OpenSSH an attacker can fill the queue, and as long as others have fewer attempts in it they are not the ones who lose their place. A preferred one
 * loses it to no other. For turns and room the networks around an IPv6 source count before it, since a household has hundreds of sources.
 */
export class CheckQueue {
  private running = 0;
  private waiting: Waiting[] = [];
  /** The number of the last turn of each source and of the networks around it, in this order, of as many turns as can wait. */
  private readonly lastTurns = new Map<string, number>();
  private turns = 0;

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
    for (const network of networksOf(source)) this.lastTurns.delete(network);
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
    const strangers = this.waiting.filter(({ isPreferred }) => !isPreferred);
    const entry = mostCrowded(strangers.length === 0 ? this.waiting : strangers, ({ source }) => source).at(
      -1,
    );
    if (entry === undefined) return;
    this.waiting = this.waiting.filter((other) => other !== entry);
    entry.settle(false);
  }

  /** The first attempt of the source whose last turn is longest ago; of those that have had none, the first preferred one. */
  private startNext(): void {
    const [first, ...others] = this.waiting;
    if (first === undefined) {
      this.lastTurns.clear();
      return;
    }
    let next = first;
    for (const other of others) if (isSooner(this.turnsOf(other), this.turnsOf(next))) next = other;
    this.waiting = this.waiting.filter((other) => other !== next);
    this.noteTurn(next.source);
    this.running += 1;
    next.settle(true);
  }

  /** When the networks of an attempt and its source had their last turns, the widest first. */
  private turnsOf({ source, isPreferred }: Waiting): readonly number[] {
    const turns = networksOf(source).map((network) => this.lastTurns.get(network) ?? -1);
    return isPreferred && turns.at(-1) === -1 ? [-2] : turns;
  }

  private noteTurn(source: string): void {
    this.turns += 1;
    for (const network of networksOf(source)) {
      this.lastTurns.delete(network);
      this.lastTurns.set(network, this.turns);
    }
    for (const [network, turn] of this.lastTurns) {
      if (turn > this.turns - this.limits.maxWaiting) break;
      this.lastTurns.delete(network);
    }
  }
}

function isSooner(turns: readonly number[], others: readonly number[]): boolean {
  const difference = turns.map((turn, index) => turn - (others[index] ?? turn)).find((by) => by !== 0);
  return difference !== undefined && difference < 0;
}
