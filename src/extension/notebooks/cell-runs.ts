import type { CellRun } from './cell-run';

/** A request that was sent for a cell and whose end was not seen yet; remembered across reloads. */
export interface RememberedRun {
  readonly cellId: string;
  readonly messageId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** So many finished runs still take late output. */
const maxFinishedRuns = 500;

/** The runs of one notebook on one kernel by their requests, also those that ended and may still get late output. */
export class CellRuns {
  private readonly runs = new Map<string, CellRun>();

  /** The run of a request. */
  get(messageId: string): CellRun | undefined {
    return this.runs.get(messageId);
  }

  /** The run that the kernel is working on, and the one whose turn it is, if it was sent. */
  get current(): CellRun | undefined {
    for (const run of this.runs.values()) if (!run.hasEnded) return run;
    return undefined;
  }

  /** All that have not ended, in the order in which they were sent. */
  get unended(): CellRun[] {
    return [...this.runs.values()].filter((run) => !run.hasEnded);
  }

  /** Adds a run. Late output of its cell's runs before has no place in the cell any more. */
  add(run: CellRun): void {
    for (const [id, other] of this.runs)
      if (other.surface.key === run.surface.key && other.hasEnded) this.runs.delete(id);
    this.runs.set(run.messageId, run);
  }

  /** Forgets the oldest runs that have ended, of those that are too many. */
  forgetOld(): void {
    if (this.runs.size <= maxFinishedRuns) return;
    for (const [id, run] of this.runs) {
      if (this.runs.size <= maxFinishedRuns) break;
      if (run.hasEnded) this.runs.delete(id);
    }
  }

  /** What is to be known after a reload. A request of which nothing was heard yet counts from `now`, in milliseconds since the epoch. */
  toRemember(now: number): RememberedRun[] {
    return this.unended.map((run) => ({
      cellId: run.surface.cellId,
      messageId: run.messageId,
      startedAt: run.startedAt ?? now,
    }));
  }
}
