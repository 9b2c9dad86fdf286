/** Which cell of a notebook runs and which wait their turn, by their keys. A kernel runs one cell at a time. */
export interface CellQueue {
  readonly running: string | undefined;
  readonly waiting: readonly string[];
}

/** What happens to a queue. */
export type CellQueueEvent =
  | { readonly kind: 'added'; readonly keys: readonly string[] }
  /** The running cell ended; after an error the rest does not run. */
  | { readonly kind: 'ended'; readonly key: string; readonly isError: boolean }
  /** A person stopped it: what waits does not run; what runs ends by itself or is ended by others. */
  | { readonly kind: 'stopped' }
  /** The kernel is gone: nothing runs any more. */
  | { readonly kind: 'abandoned' };

/** The queue after an event, and what follows from it. */
export interface CellQueueStep {
  readonly queue: CellQueue;
  /** To be sent to the kernel now. */
  readonly begin: string | undefined;
  /** Will not run; to be taken out of the pending state without a result. */
  readonly dropped: readonly string[];
}

/** Nothing runs, nothing waits. */
export const emptyCellQueue: CellQueue = { running: undefined, waiting: [] };

/** The transition. A key that is in the queue already is not added again. */
export function stepCellQueue(queue: CellQueue, event: CellQueueEvent): CellQueueStep {
  switch (event.kind) {
    case 'added': {
      const fresh = event.keys.filter(
        (key, index) =>
          key !== queue.running && !queue.waiting.includes(key) && event.keys.indexOf(key) === index,
      );
      return advance({ running: queue.running, waiting: [...queue.waiting, ...fresh] }, []);
    }
    case 'ended':
      if (event.key !== queue.running) return { queue, begin: undefined, dropped: [] };
      if (event.isError) return { queue: emptyCellQueue, begin: undefined, dropped: queue.waiting };
      return advance({ running: undefined, waiting: queue.waiting }, []);
    case 'stopped':
      return { queue: { running: queue.running, waiting: [] }, begin: undefined, dropped: queue.waiting };
    case 'abandoned':
      return { queue: emptyCellQueue, begin: undefined, dropped: queue.waiting };
  }
}

function advance(queue: CellQueue, dropped: readonly string[]): CellQueueStep {
  const [next, ...waiting] = queue.waiting;
  if (queue.running !== undefined || next === undefined) return { queue, begin: undefined, dropped };
  return { queue: { running: next, waiting }, begin: next, dropped };
}
