import { createHash, randomUUID } from 'node:crypto';
import { decodeChannelMessage, maxUnconfirmedMessages, receiverQuery } from '../../protocol/kernel-channels';

/** A keeper sends again only what it sent last; twice as much is remembered, since its limit may be passed by some messages. */
const maxRemembered = 2 * maxUnconfirmedMessages;

/** More than any kernel's own ids have. */
const maxIdLength = 128;

/**
 * Knows the messages of a kernel that came last by their ids. When a connection was lost, the keeper sends again what may not have arrived; of
 * that this tells what has. Messages of one connection are never taken for each other, whatever ids a kernel gives them.
 */
export class ReceivedMessages {
  /** By the id of the message: over which connection it came. The oldest first. */
  private readonly connectionOf = new Map<string, number>();
  private connections = 0;
  private readonly name = randomUUID();

  /** The address of a kernel's channels with the name by which the keeper knows that it is still this that remembers. */
  addressFor(url: string): string {
    const address = new URL(url);
    address.searchParams.set(receiverQuery, this.name);
    return address.href;
  }

  /** Begins another connection. The function says of each message that comes over it whether it had come over an earlier one. */
  beginConnection(): (data: unknown) => boolean {
    this.connections += 1;
    const connection = this.connections;
    return (data) => {
      const id = readMessageId(data);
      return id !== undefined && this.note(id, connection);
    };
  }

  private note(id: string, connection: number): boolean {
    const before = this.connectionOf.get(id);
    const isRepeat = before !== undefined && before < connection;
    // What is sent again can be lost and sent again once more.
    this.connectionOf.delete(id);
    this.connectionOf.set(id, isRepeat ? before : connection);
    if (this.connectionOf.size > maxRemembered) {
      const [oldest] = this.connectionOf.keys();
      if (oldest !== undefined) this.connectionOf.delete(oldest);
    }
    return isRepeat;
  }
}

/** The `msg_id` of a message in the protocol in which keepers of ours send; `undefined` for everything else, which never comes twice. */
function readMessageId(data: unknown): string | undefined {
  if (!(data instanceof ArrayBuffer)) return undefined;
  const message = decodeChannelMessage(Buffer.from(data));
  if (!message.ok) return undefined;
  const header: unknown = parseOrNothing(Buffer.from(message.value.parts[0]).toString('utf8'));
  if (typeof header !== 'object' || header === null || !('msg_id' in header)) return undefined;
  return typeof header.msg_id === 'string' && header.msg_id !== '' ? shorten(header.msg_id) : undefined;
}

/** The kernel decides how long its ids are, and thousands of them are remembered. */
function shorten(id: string): string {
  return id.length <= maxIdLength ? id : createHash('sha256').update(id).digest('base64');
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The client of the protocol says what is wrong with it.
    return undefined;
  }
}
