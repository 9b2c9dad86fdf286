import { toError } from './errors';

/** Runs tasks one after another, in the order of `run` calls. A task that fails does not keep the next from running. */
export class Sequence {
  private last: Promise<unknown> = Promise.resolve();

  /** Settles like the task itself, once its turn has come. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.last.then(task, task);
    this.last = result.catch(toError);
    return result;
  }
}

/** Shares one running task among everybody who asks for it meanwhile; the next call after its end starts a new one. */
export class Shared<T> {
  private running: Promise<T> | undefined;

  constructor(private readonly task: () => Promise<T>) {}

  run(): Promise<T> {
    this.running ??= this.task().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }
}
