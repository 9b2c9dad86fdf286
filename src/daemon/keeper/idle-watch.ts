import type { Disposable } from '../../base/disposable';
import { decideIdle, type IdleFacts } from './idle-policy';

/** The longest that Node's timers can wait. */
const longestTimerMs = 2 ** 31 - 1;

/** Ends a keeper that nobody needs any more, when its policy says so. */
export class IdleWatch implements Disposable {
  private timer: NodeJS.Timeout | undefined;
  private isDisposed = false;

  constructor(
    private readonly facts: () => IdleFacts,
    private readonly onEnd: (reason: string) => void,
  ) {}

  /** To be called when anything has changed by which it is decided. */
  review(): void {
    clearTimeout(this.timer);
    if (this.isDisposed) return;
    const decision = decideIdle(this.facts());
    if (decision === undefined) return;
    if (decision.kind === 'end') {
      this.dispose();
      this.onEnd(decision.reason);
      return;
    }
    this.timer = setTimeout(() => this.review(), Math.min(decision.timeMs, longestTimerMs));
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.timer);
  }
}
