import type { Disposable } from '../../base/disposable';
import type { Clock } from '../../base/time';

/** What is quicker than this is not worth a notification that comes and goes. */
const unnoticedMs = 300;

/** After this long a person may wonder: the log is offered. */
const offerLogAfterMs = 10_000;

/** A notification on the screen. */
export interface ShownNotification {
  readonly report: (message: string) => void;
  readonly hide: () => void;
}

/** What progress is shown with. */
export interface PausableProgressOptions {
  /** Puts an empty notification onto the screen. */
  readonly show: () => ShownNotification;
  /** The offer of the log, as the editor makes a link of it. */
  readonly logLink: string;
  readonly clock: Clock;
}

/**
 * Says what is being done, but not while a person is asked something: then nobody waits for the machine, and a notification beside the question
 * would say so. Time counts only while it is not paused. Disposed when the task is over.
 */
export class PausableProgress implements Disposable {
  private step = '';
  private isLong = false;
  private isRunning = false;
  private shown: ShownNotification | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(private readonly options: PausableProgressOptions) {}

  /** Says what is being done now, in words for people that hold no link. */
  report(step: string): void {
    this.step = step;
    this.draw();
  }

  /** Takes it off the screen until it is resumed. */
  pause(): void {
    this.isRunning = false;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.shown?.hide();
    this.shown = undefined;
  }

  /** Shows it, from the first call on. */
  resume(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.isLong = false;
    const { clock, show } = this.options;
    this.cancelTimer = clock.schedule(unnoticedMs, () => {
      this.shown = show();
      this.draw();
      this.cancelTimer = clock.schedule(offerLogAfterMs, () => {
        this.isLong = true;
        this.draw();
      });
    });
  }

  dispose(): void {
    this.pause();
  }

  private draw(): void {
    const parts = this.isLong ? [this.step, this.options.logLink] : [this.step];
    this.shown?.report(parts.filter((part) => part !== '').join(' · '));
  }
}
