import { Sequence } from '../../base/sequence';

/** Runs tasks of the same key one after another and those of different keys beside each other. Keeps nothing of a key that is not in use. */
export class KeyedSequence {
  private readonly running = new Map<string, { readonly sequence: Sequence; users: number }>();

  /** Settles like the task itself, once its turn has come. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const entry = this.running.get(key) ?? { sequence: new Sequence(), users: 0 };
    this.running.set(key, entry);
    entry.users += 1;
    try {
      return await entry.sequence.run(task);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) this.running.delete(key);
    }
  }
}
