import type { Files } from './files';
import { areCurrent, TracedFiles, type Dependency } from './traced-files';

interface Kept {
  readonly value: unknown;
  readonly dependencies: readonly Dependency[];
}

/** How long a disk may take to answer one question. */
export const answerTimeoutMs = 10_000;

/**
 * Keeps what was concluded from files until one of the files changes. A question that is still being answered, as by a network disk that
 * hangs, is not asked a second time; what was known before stays the answer until the disk comes back.
 */
export class InspectionCache {
  private readonly kept = new Map<string, Kept>();
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(
    private readonly files: Files,
    private readonly timeoutMs: number = answerTimeoutMs,
  ) {}

  /**
   * The kept answer if it still holds, else a fresh one. `key` names the question; the same key always has the same `ask`. Rejects with a
   * `TimeoutError` when the disk does not answer and nothing is known from before.
   */
  async get<T>(key: string, ask: (files: Files) => Promise<T>): Promise<T> {
    const running = this.running.get(key) ?? this.begin(key, ask);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<unknown>((resolve, reject) => {
      timer = setTimeout(() => {
        const kept = this.kept.get(key);
        if (kept !== undefined) resolve(kept.value);
        else reject(new DOMException(`${key}: no answer within ${this.timeoutMs / 1000} s`, 'TimeoutError'));
      }, this.timeoutMs);
      timer.unref();
    });
    try {
      // A key belongs to one question, so what is kept under it is an answer to that question.
      return (await Promise.race([running, late])) as T;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The folders that the kept answer to a question was read from: what to watch. */
  foldersOf(key: string): string[] {
    const dependencies = this.kept.get(key)?.dependencies ?? [];
    return dependencies.filter((dependency) => dependency.isFolder).map((dependency) => dependency.path);
  }

  /** Forgets answers whose key was not used in a search, so that the memory of removed environments goes. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.kept.keys()) if (!keys.has(key)) this.kept.delete(key);
  }

  private begin(key: string, ask: (files: Files) => Promise<unknown>): Promise<unknown> {
    const answer = this.answer(key, ask).finally(() => this.running.delete(key));
    this.running.set(key, answer);
    // Nobody may be waiting any more when it fails; those who wait hear of it.
    answer.catch(() => undefined);
    return answer;
  }

  private async answer<T>(key: string, ask: (files: Files) => Promise<T>): Promise<T> {
    const kept = this.kept.get(key);
    if (kept !== undefined && (await areCurrent(this.files, kept.dependencies))) return kept.value as T;
    const traced = new TracedFiles(this.files);
    const value = await ask(traced);
    this.kept.set(key, { value, dependencies: traced.dependencies });
    return value;
  }
}
