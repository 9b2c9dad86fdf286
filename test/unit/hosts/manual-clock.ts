import type { Clock } from '../../../src/base/time';

interface Scheduled {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that a test moves. */
export class ManualClock implements Clock {
  private time = 1_000_000;
  private scheduled: Scheduled[] = [];

  now(): number {
    return this.time;
  }

  schedule(timeMs: number, callback: () => void): () => void {
    const entry = { at: this.time + timeMs, callback };
    this.scheduled.push(entry);
    return () => {
      this.scheduled = this.scheduled.filter((other) => other !== entry);
    };
  }

  /** Lets time pass, calling back whatever is due at its time. */
  advance(timeMs: number): void {
    const end = this.time + timeMs;
    for (;;) {
      const due = this.scheduled.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
      if (due === undefined) break;
      this.time = Math.max(this.time, due.at);
      this.scheduled = this.scheduled.filter((other) => other !== due);
      due.callback();
    }
    this.time = end;
  }

  /** The computer sleeps: time passes, and what was due in it is called late and once. */
  sleep(timeMs: number): void {
    this.time += timeMs;
    const due = this.scheduled.filter(({ at }) => at <= this.time);
    this.scheduled = this.scheduled.filter((entry) => !due.includes(entry));
    for (const { callback } of due) callback();
  }
}
