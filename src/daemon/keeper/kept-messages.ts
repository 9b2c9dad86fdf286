import { maxBacklogBytes } from '../../protocol/kernel-channels';
import type { OutgoingMessage } from './outgoing-message';

/** How long messages are kept for a client that was lost. */
export const keptForMs = 3600_000;

/** What {@link KeptMessages} needs to know of a message. */
export type SizedMessage = Pick<OutgoingMessage, 'sizeBytes'>;

/**
 * What lost clients have missed, by their session, until they come back: at most {@link maxBacklogBytes} in all and for {@link keptForMs} each.
 * Over that the whole of the client that is away the longest is dropped: a part of what it missed would look like all of it.
 */
export class KeptMessages<T extends SizedMessage> {
  private readonly bySession = new Map<
    string,
    { readonly since: number; readonly messages: T[]; sizeBytes: number }
  >();
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
      this.bySession.set(session, { since: this.now(), messages: [], sizeBytes: 0 });
  }

  /** Keeps one message. Gives the sessions whose messages had to be dropped for it, possibly the same. */
  add(session: string, message: T): string[] {
    const kept = this.bySession.get(session);
    if (kept === undefined) return [];
    kept.messages.push(message);
    kept.sizeBytes += message.sizeBytes;
    this.totalBytes += message.sizeBytes;
    const dropped: string[] = [];
    while (this.totalBytes > this.maxBytes) {
      // A map keeps the order in which sessions were lost.
      const [longestAway] = this.bySession.keys();
      if (longestAway === undefined) break;
      this.take(longestAway);
      dropped.push(longestAway);
    }
    return dropped;
  }

  /** Gives what was kept, in order, and keeps nothing more for this session. `undefined` when nothing was being kept. */
  take(session: string): T[] | undefined {
    const kept = this.bySession.get(session);
    if (kept === undefined) return undefined;
    this.bySession.delete(session);
    this.totalBytes -= kept.sizeBytes;
    return kept.messages;
  }

  /** Drops what is too old and gives the sessions concerned. */
  expire(): string[] {
    const old = [...this.bySession].filter(([, kept]) => this.now() - kept.since >= keptForMs);
    for (const [session] of old) this.take(session);
    return old.map(([session]) => session);
  }
}
