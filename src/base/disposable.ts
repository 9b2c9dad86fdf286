/** Something that holds a resource until `dispose` is called. `dispose` is idempotent and never throws. */
export interface Disposable {
  dispose(): void;
}

/** Makes a disposable of a function, which runs at most once. */
export function toDisposable(release: () => void): Disposable {
  let isDisposed = false;
  return {
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      release();
    },
  };
}

/**
 * Owns disposables and disposes them together, the last added first, so that what was built on something ends before it.
 * Adding to a store that is already disposed disposes the addition at once: nothing can leak through a late callback.
 */
export class DisposableStore implements Disposable {
  private readonly owned = new Set<Disposable>();
  private disposed = false;

  /** Whether `dispose` was called. */
  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Takes ownership of the item and returns it, so that registering and using it is one expression. */
  add<T extends Disposable>(item: T): T {
    if (this.disposed) item.dispose();
    else this.owned.add(item);
    return item;
  }

  /** Registers a function that runs once, at disposal. */
  addRelease(release: () => void): Disposable {
    return this.add(toDisposable(release));
  }

  /** Disposes one item ahead of the rest and forgets it. */
  delete(item: Disposable): void {
    this.owned.delete(item);
    item.dispose();
  }

  /** Disposes everything owned so far; the store itself stays usable. */
  clear(): void {
    const items = [...this.owned].reverse();
    this.owned.clear();
    for (const item of items) item.dispose();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.clear();
  }
}
