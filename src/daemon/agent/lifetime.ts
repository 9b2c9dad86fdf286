import { toDisposable, type Disposable } from '../../base/disposable';
import { Emitter, type Event } from '../../base/event';
import type { Clock } from '../../base/time';

/**
 * How long the agent lives: as long as somebody holds it, and a grace time after the last release. Kernels do not hold it, since their keepers
 * live on by themselves.
 */
export class Lifetime implements Disposable {
  private readonly held = new Map<symbol, string>();
  private readonly ended = new Emitter<string>();
  private cancelGrace: (() => void) | undefined;
  private isDisposed = false;

  constructor(
    private readonly graceTimeMs: number,
    private readonly clock: Clock,
  ) {}

  /** Fires once with the reason when the grace time is over. */
  readonly onDidEnd: Event<string> = this.ended.event;

  /** Why the agent is in use, for the log. */
  get reasons(): readonly string[] {
    return [...this.held.values()];
  }

  /** Starts the first grace time: an agent that nobody ever speaks to ends too. */
  start(): void {
    if (this.held.size === 0) this.startGrace();
  }

  /** Keeps the agent alive until the token is disposed. The reason is shown in the log, such as `kernel 4f2 is starting`. */
  hold(reason: string): Disposable {
    const key = Symbol(reason);
    this.held.set(key, reason);
    this.cancelGrace?.();
    this.cancelGrace = undefined;
    return toDisposable(() => {
      this.held.delete(key);
      if (this.held.size === 0) this.startGrace();
    });
  }

  dispose(): void {
    this.isDisposed = true;
    this.cancelGrace?.();
    this.cancelGrace = undefined;
    this.ended.dispose();
  }

  private startGrace(): void {
    this.cancelGrace?.();
    // Connections that are closed because the agent ends release what they held; that begins nothing any more.
    if (this.isDisposed) return;
    this.cancelGrace = this.clock.schedule(this.graceTimeMs, () => {
      this.ended.fire(`nobody has used it for ${this.graceTimeMs / 1000} s`);
    });
  }
}
