import { toDisposable, type Disposable } from './disposable';

/** A place to subscribe. The caller owns the returned disposable; disposing it ends the subscription. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/**
 * The private side of an {@link Event}. Listeners are called in the order of subscription; one that throws does not keep the
 * others from being called, and its error is handed to `onError`, which by default rethrows it outside the current call.
 */
export class Emitter<T> implements Disposable {
  private readonly listeners = new Set<{ call: (value: T) => void }>();

  constructor(private readonly onError: (error: unknown) => void = rethrowLater) {}

  /** The public side. */
  readonly event: Event<T> = (listener) => {
    const entry = { call: listener };
    this.listeners.add(entry);
    return toDisposable(() => this.listeners.delete(entry));
  };

  /** Tells every listener that was subscribed when the call began. */
  fire(value: T): void {
    for (const listener of [...this.listeners]) {
      try {
        listener.call(value);
      } catch (error) {
        this.onError(error);
      }
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}

function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Resolves with the first value that passes the filter. Rejects with the signal's reason when that comes first. */
export function nextEvent<T>(
  event: Event<T>,
  signal: AbortSignal,
  filter: (value: T) => boolean = () => true,
): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const subscription = event((value) => {
      if (!filter(value)) return;
      end();
      resolve(value);
    });
    const onAbort = () => {
      end();
      reject(toAbortReason(signal));
    };
    const end = () => {
      subscription.dispose();
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function toAbortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError');
}
