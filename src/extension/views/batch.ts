import type { Disposable } from '../../base/disposable';
import type { Clock } from '../../base/time';

/** Draws many changes at once: the first asks, the drawing comes a little later, and no two are closer than the interval. */
export interface Batch extends Disposable {
  /** Something changed. */
  request(): void;
  /** Draws again at that time even if nothing is requested; the earliest of several wins. */
  requestAt(timeMs: number): void;
}

/** Makes a batch over a function that draws. */
export function createBatch(draw: () => void, intervalMs: number, clock: Clock): Batch {
  let lastAt = Number.NEGATIVE_INFINITY;
  let dueAt: number | undefined;
  let cancel: (() => void) | undefined;
  let isDisposed = false;
  const schedule = (timeMs: number) => {
    if (isDisposed || (dueAt !== undefined && dueAt <= timeMs)) return;
    cancel?.();
    dueAt = timeMs;
    cancel = clock.schedule(Math.max(0, timeMs - clock.now()), () => {
      dueAt = undefined;
      cancel = undefined;
      lastAt = clock.now();
      draw();
    });
  };
  return {
    request: () => schedule(Math.max(clock.now() + intervalMs / 2, lastAt + intervalMs)),
    requestAt: (timeMs) => schedule(Math.max(timeMs, lastAt + intervalMs)),
    dispose() {
      isDisposed = true;
      cancel?.();
    },
  };
}
