import type { Disposable } from '../../base/disposable';
import { Emitter } from '../../base/event';
import { systemClock, type Clock } from '../../base/time';
import type { WatchedList } from './remote-agent';

/** How long changes are gathered before listeners hear of them: 300 environments that stream in are a few changes, not 300. */
export const batchMs = 50;

/** One whole telling of the list by the host. Until it is complete the items of before stay. */
export interface Telling<T> {
  put(item: T): void;
  remove(id: string): void;
  /** The host has told all: what it did not name again is gone. */
  complete(): void;
}

/** A {@link WatchedList} and the side that fills it. */
export class ListStore<T extends { readonly id: string }> implements WatchedList<T>, Disposable {
  private readonly byId = new Map<string, T>();
  private sorted: readonly T[] | undefined;
  private state: WatchedList<T>['freshness'] = 'unknown';
  private readonly changes = new Emitter<void>();
  private cancelBatch: (() => void) | undefined;

  /** `nameOf` gives what the list is sorted by, before the id. */
  constructor(
    private readonly nameOf: (item: T) => string,
    private readonly clock: Clock = systemClock,
  ) {}

  readonly onDidChange = this.changes.event;

  get items(): readonly T[] {
    this.sorted ??= [...this.byId.values()].sort((one, other) => this.compare(one, other));
    return this.sorted;
  }

  get freshness(): WatchedList<T>['freshness'] {
    return this.state;
  }

  get(id: string): T | undefined {
    return this.byId.get(id);
  }

  /** The host begins to tell the list. */
  beginTelling(): Telling<T> {
    const named = new Set<string>();
    this.setFreshness('loading');
    return {
      put: (item) => {
        named.add(item.id);
        this.byId.set(item.id, item);
        this.changed();
      },
      remove: (id) => {
        named.delete(id);
        if (this.byId.delete(id)) this.changed();
      },
      complete: () => {
        for (const id of [...this.byId.keys()]) if (!named.has(id)) this.byId.delete(id);
        this.setFreshness('current');
        this.changed();
      },
    };
  }

  /** Puts one item in the place of what was said of it before. */
  put(item: T): void {
    this.byId.set(item.id, item);
    this.changed();
  }

  /** The host cannot be asked any more; what it said last stays. */
  markStale(): void {
    if (this.state !== 'unknown') this.setFreshness('stale');
  }

  dispose(): void {
    this.cancelBatch?.();
    this.changes.dispose();
  }

  private setFreshness(freshness: WatchedList<T>['freshness']): void {
    if (this.state === freshness) return;
    this.state = freshness;
    this.changed();
  }

  private changed(): void {
    this.sorted = undefined;
    this.cancelBatch ??= this.clock.schedule(batchMs, () => {
      this.cancelBatch = undefined;
      this.changes.fire();
    });
  }

  private compare(one: T, other: T): number {
    const [oneName, otherName] = [this.nameOf(one), this.nameOf(other)];
    return oneName === otherName
      ? one.id < other.id
        ? -1
        : 1
      : collator.compare(oneName, otherName) || (oneName < otherName ? -1 : 1);
  }
}

/** Tells the events that every watched list has beside its items. */
export function tellOther(
  telling: Telling<never>,
  event:
    | { readonly event: 'removed'; readonly id: string }
    | { readonly event: 'complete' }
    | { readonly event: 'ping' },
): void {
  if (event.event === 'removed') telling.remove(event.id);
  else if (event.event === 'complete') telling.complete();
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
