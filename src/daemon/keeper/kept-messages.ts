import { maxBacklogBytes } from '../../protocol/kernel-channels';
import type { OutgoingMessage } from './outgoing-message';

/** How long messages are kept for a client that was lost. */
export const keptForMs = 3600_000;

/** What {@link KeptMessages} needs to know of a message. */
export type KeptMessage = Pick<OutgoingMessage, 'sizeBytes' | 'isOutput' | 'parent'>;

/** What had to be dropped of the messages for one client. */
export interface Dropped {
  /** Before which of the messages that are left the first of them was. */
  readonly index: number;
  readonly count: number;
  readonly sizeBytes: number;
  /** The parent header of the first of them. */
  readonly parent: Uint8Array;
}

/** What was kept for one client, in order. */
export interface Missed<T> {
  readonly messages: readonly T[];
  readonly dropped?: Dropped;
}

interface Absence<T> {
  readonly since: number;
  messages: T[];
  dropped: Dropped | undefined;
}

/** Of messages from this size on it is noted which is the largest. */
const largeBytes = 1024 * 1024;

/** When something must go, so much room is made at once. */
const roomShare = 0.1;

/**
 * What lost clients have missed, by their session, until they come back: at most {@link maxBacklogBytes} in all and for {@link keptForMs} each.
 * A message that several clients missed counts once, and the largest of all does not count. Over that the oldest outputs are dropped, and
 * anything else only when no output is left. How much was dropped is told with what is left.
 */
export class KeptMessages<T extends KeptMessage> {
  private readonly bySession = new Map<string, Absence<T>>();
  /** Each kept message, oldest first, with the number of the sessions that it is kept for. */
  private readonly counts = new Map<T, number>();
  private readonly large = new Set<T>();
  private totalBytes = 0;

  constructor(
    private readonly now: () => number,
    private readonly maxBytes = maxBacklogBytes,
  ) {}

  /** How much is kept in all. */
  get sizeBytes(): number {
    return this.totalBytes;
  }

  /** The sessions for which messages are kept. */
  get sessions(): string[] {
    return [...this.bySession.keys()];
  }

  /** Begins to keep messages for a session. */
  open(session: string): void {
    if (!this.bySession.has(session))
      this.bySession.set(session, { since: this.now(), messages: [], dropped: undefined });
  }

  /** Keeps one message; nothing happens for a session that is not lost. Returns whether others had to be dropped for it. */
  add(session: string, message: T): boolean {
    const absence = this.bySession.get(session);
    if (absence === undefined) return false;
    absence.messages.push(message);
    const count = this.counts.get(message) ?? 0;
    this.counts.set(message, count + 1);
    if (count > 0) return false;
    this.totalBytes += message.sizeBytes;
    if (message.sizeBytes >= largeBytes) this.large.add(message);
    if (this.countingBytes() <= this.maxBytes) return false;
    this.makeRoom();
    return true;
  }

  /** Gives what was kept and keeps nothing more for this session. `undefined` when nothing was being kept. */
  take(session: string): Missed<T> | undefined {
    const absence = this.bySession.get(session);
    if (absence === undefined) return undefined;
    this.bySession.delete(session);
    for (const message of absence.messages) {
      const count = this.counts.get(message) ?? 0;
      if (count > 1) this.counts.set(message, count - 1);
      else this.forget(message);
    }
    const { messages, dropped } = absence;
    return { messages, ...(dropped === undefined ? {} : { dropped }) };
  }

  /** Drops what is too old and gives the sessions concerned. */
  expire(): string[] {
    const old = [...this.bySession].filter(([, absence]) => this.now() - absence.since >= keptForMs);
    for (const [session] of old) this.take(session);
    return old.map(([session]) => session);
  }

  private countingBytes(): number {
    let largest = 0;
    for (const { sizeBytes } of this.large) largest = Math.max(largest, sizeBytes);
    return this.totalBytes - largest;
  }

  private makeRoom(): void {
    const target = this.maxBytes * (1 - roomShare);
    const dropped = new Set<T>();
    for (const mayGo of [(message: T) => message.isOutput, () => true]) {
      for (const message of this.counts.keys()) {
        if (this.countingBytes() <= target) break;
        if (!mayGo(message)) continue;
        this.forget(message);
        dropped.add(message);
      }
      if (this.countingBytes() <= target) break;
    }
    for (const absence of this.bySession.values()) takeOut(absence, dropped);
  }

  private forget(message: T): void {
    if (!this.counts.delete(message)) return;
    this.large.delete(message);
    this.totalBytes -= message.sizeBytes;
  }
}

function takeOut<T extends KeptMessage>(absence: Absence<T>, gone: ReadonlySet<T>): void {
  const before = absence.dropped;
  const messages: T[] = [];
  let dropped: Dropped | undefined;
  absence.messages.forEach((message, index) => {
    if (before?.index === index) dropped = joined(dropped, { ...before, index: messages.length });
    if (!gone.has(message)) messages.push(message);
    else {
      const { sizeBytes, parent } = message;
      dropped = joined(dropped, { index: messages.length, count: 1, sizeBytes, parent });
    }
  });
  if (before !== undefined && before.index >= absence.messages.length)
    dropped = joined(dropped, { ...before, index: messages.length });
  absence.messages = messages;
  absence.dropped = dropped;
}

function joined(earlier: Dropped | undefined, later: Dropped): Dropped {
  if (earlier === undefined) return later;
  const sizeBytes = earlier.sizeBytes + later.sizeBytes;
  return { ...earlier, count: earlier.count + later.count, sizeBytes };
}
