import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { failed, type Parsed } from '../../base/parse';
import { formatBytes } from '../../base/text';
import {
  closeCodes,
  decodeChannelMessage,
  maxBacklogBytes,
  type ChannelMessage,
} from '../../protocol/kernel-channels';
import { decodeJsonMessage } from '../../protocol/kernel-channels-json';
import type { ClientProtocol, OutgoingMessage } from './outgoing-message';
import { OutgoingQueue } from './outgoing-queue';
import { UnconfirmedMessages } from './unconfirmed-messages';

/** Who hears of a connection. */
export interface ConnectionListener {
  onMessage(message: ChannelMessage): void;
  /** It is over. `isFinal` when its end was meant: nobody comes back for what it missed. */
  onEnd(rest: UnreceivedMessages, isFinal: boolean): void;
}

/** What is left of a connection that is over, in order. */
export interface UnreceivedMessages {
  /** Written, and perhaps received: only of a client with a receiver. */
  readonly unconfirmed: readonly OutgoingMessage[];
  /** What it cannot have received whole. */
  readonly unsent: readonly OutgoingMessage[];
}

/** So many pings in a row may stay without any sign of life. */
const maxMissedPings = 2;

/** The most that a reason of a close frame may hold is 123 bytes. */
const maxReasonBytes = 123;

/** The older protocol makes one text of a message, and a text is at most 512 MiB long here. */
const maxJsonBytes = 256 * 1024 * 1024;

/** How a client speaks. */
export interface ClientManner {
  readonly protocol: ClientProtocol;
  /** What remembers the messages that it has received (see `receiverQuery`). */
  readonly receiver?: string;
}

/** One open WebSocket of a client. `ws` reads, pings and closes; messages are written by our own queue to the socket below. */
export class ClientConnection implements Disposable {
  private readonly queue: OutgoingQueue;
  private readonly unconfirmed: UnconfirmedMessages | undefined;
  private readonly protocol: ClientProtocol;
  private missedPings = 0;
  private lastProgress = 0;
  private isEnding = false;

  constructor(
    private readonly webSocket: WebSocket,
    socket: Duplex,
    { protocol, receiver }: ClientManner,
    private readonly listener: ConnectionListener,
    private readonly log: Logger,
  ) {
    this.protocol = protocol;
    this.unconfirmed =
      receiver === undefined ? undefined : new UnconfirmedMessages((payload) => webSocket.ping(payload));
    this.queue = new OutgoingQueue(socket, protocol, this.unconfirmed);
  }

  /** Begins to read. */
  start(): void {
    this.webSocket.on('message', (data, isBinary) => {
      this.missedPings = 0;
      // `ws` gives one Buffer as long as its `binaryType` is left alone.
      if (Buffer.isBuffer(data)) this.take(data, isBinary);
    });
    this.webSocket.on('pong', (payload) => {
      this.missedPings = 0;
      this.unconfirmed?.confirm(payload);
      this.queue.flush();
    });
    this.webSocket.on('error', (error) => this.log.warn(`a client's connection broke: ${error.message}`));
    this.webSocket.on('close', (code) => this.end(code === 1000));
  }

  /** Queues a message. A client that is too far behind is closed with 4008 instead. */
  send(message: OutgoingMessage): void {
    if (this.isEnding) return;
    if (this.queue.backlogBytes > maxBacklogBytes) this.closeForSlowness();
    else if (this.protocol === 'json' && message.sizeBytes > maxJsonBytes)
      this.close(1009, `a message of ${formatBytes(message.sizeBytes)} needs a client that speaks v1`, true);
    else this.queue.push(message);
  }

  /** Pings, or ends a connection that has shown no sign of life since the last {@link maxMissedPings} pings. */
  checkLife(): void {
    if (this.queue.progress !== this.lastProgress) this.missedPings = 0;
    this.lastProgress = this.queue.progress;
    if (this.missedPings >= maxMissedPings) {
      this.log.warn('a client does not answer any more; its connection is ended');
      this.webSocket.terminate();
      return;
    }
    this.missedPings += 1;
    this.webSocket.ping();
  }

  /** Closes with a code of RFC 6455, after what the client takes at once; the rest is given to the listener. */
  close(code: number, reason: string, isFinal: boolean): void {
    if (this.isEnding) return;
    this.queue.flush();
    this.end(isFinal);
    this.webSocket.close(code, Buffer.from(reason).subarray(0, maxReasonBytes).toString('utf8'));
  }

  dispose(): void {
    this.end(true);
    this.webSocket.terminate();
  }

  private take(data: Buffer, isBinary: boolean): void {
    const read = this.decode(data, isBinary);
    if (read.ok) this.listener.onMessage(read.value);
    else this.log.warn(`a message of a client was dropped: ${read.error.message}`);
  }

  private decode(data: Buffer, isBinary: boolean): Parsed<ChannelMessage> {
    if (this.protocol === 'v1') return decodeChannelMessage(data);
    try {
      return decodeJsonMessage(isBinary ? data : data.toString('utf8'));
    } catch (error) {
      // There are frames that are longer than the longest text.
      return failed(toError(error).message);
    }
  }

  private closeForSlowness(): void {
    const behind = formatBytes(this.queue.waitingBytes);
    this.log.warn(`a client was ${behind} behind and is closed`);
    this.close(
      closeCodes.tooSlow,
      `this client was ${behind} behind, more than the ${formatBytes(maxBacklogBytes)} that are kept for it`,
      true,
    );
  }

  private end(isFinal: boolean): void {
    if (this.isEnding) return;
    this.isEnding = true;
    const unconfirmed = this.unconfirmed?.takeAll() ?? [];
    this.listener.onEnd({ unconfirmed, unsent: this.queue.end() }, isFinal);
  }
}
