/** Runs tasks that may add further tasks, so many at once. A task that fails does not keep the others from running. */
export class TaskGroup {
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;
  private onIdle: (() => void)[] = [];

  constructor(
    private readonly limit: number,
    private readonly signal: AbortSignal,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Runs the task when its turn comes; after an abort waiting tasks are dropped. */
  add(task: () => Promise<void>): void {
    this.waiting.push(task);
    this.advance();
  }

  /** Resolves when nothing runs and nothing waits. Rejects with the signal's reason when it aborted. */
  async idle(): Promise<void> {
    if (this.running > 0 || this.waiting.length > 0) {
      await new Promise<void>((resolve) => this.onIdle.push(resolve));
    }
    this.signal.throwIfAborted();
  }

  private advance(): void {
    if (this.signal.aborted) this.waiting.length = 0;
    while (this.running < this.limit) {
      const task = this.waiting.shift();
      if (task === undefined) break;
      this.running += 1;
      void this.perform(task);
    }
    if (this.running === 0 && this.waiting.length === 0) {
      const waiters = this.onIdle;
      this.onIdle = [];
      for (const resolve of waiters) resolve();
    }
  }

  private async perform(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.onError(error);
    } finally {
      this.running -= 1;
      this.advance();
    }
  }
}
