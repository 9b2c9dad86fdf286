import { toError } from './errors';

/** Waits for that long. Rejects with the signal's reason when it aborts first. */
export function delay(timeMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, timeMs);
    const onAbort = () => {
      clearTimeout(timer);
      reject(toError(signal?.reason));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * A signal that aborts with the given one or after the deadline, whichever is first. The reason of a deadline is a `TimeoutError`
 * whose message says what was waited for. Like `AbortSignal.timeout`, the deadline alone does not keep the process running.
 */
export function withDeadline(timeoutMs: number, what: string, signal?: AbortSignal): AbortSignal {
  const controller = new AbortController();
  startDeadline(controller, timeoutMs, what);
  // `any` holds its sources weakly: a long-lived signal does not collect a listener for every deadline made under it.
  return signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
}

/**
 * Runs the work under {@link withDeadline}, and ends the deadline with the work: for what is done often and takes much less, since each deadline is a
 * timer that otherwise runs on for all of its time.
 */
export async function within<T>(
  timeoutMs: number,
  what: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = startDeadline(controller, timeoutMs, what);
  try {
    return await work(
      signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]),
    );
  } finally {
    clearTimeout(timer);
  }
}

function startDeadline(controller: AbortController, timeoutMs: number, what: string): NodeJS.Timeout {
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`${what}: no answer within ${timeoutMs / 1000} s`, 'TimeoutError'));
  }, timeoutMs);
  timer.unref();
  return timer;
}

/** Settles like the promise, or rejects with the signal's reason when it aborts first; the promise itself is not stopped. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(toError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Asks again until the answer is not `undefined`, at most every `intervalMs`. Rejects when the signal aborts, so a caller that wants
 * a deadline passes one made by {@link withDeadline}.
 */
export async function until<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  signal: AbortSignal,
  intervalMs = 20,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    await delay(intervalMs, signal);
  }
}

/** Where the time comes from, so that a test can pass its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back after that long; the returned function cancels. */
  schedule(timeMs: number, callback: () => void): () => void;
}

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(timeMs, callback) {
    const timer = setTimeout(callback, timeMs);
    return () => clearTimeout(timer);
  },
};
