import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import { formatBytes } from '../../base/text';
import {
  clientChannels,
  closeCodes,
  maxBacklogBytes,
  type ChannelMessage,
  type KernelChannel,
  type MessageParts,
} from '../../protocol/kernel-channels';
import { ClientConnection, type ClientManner, type UnreceivedMessages } from './client-connection';
import type { KernelMessage } from './kernel-session';
import { KeptMessages, type Dropped } from './kept-messages';
import { OutgoingMessage } from './outgoing-message';
import { ReplyRoutes } from './reply-routes';
import { createMessage, readHeader, type HeaderFacts } from './wire-messages';

/** Who hears of the clients. */
export interface ClientsListener {
  /** A client sends this to the kernel. Returns whether there is a kernel to take it. */
  onMessage(channel: KernelChannel, parts: MessageParts, header: HeaderFacts): boolean;
  /** Whether a client that comes now has to be told that the kernel has ended. */
  isDead(): boolean;
  /** The number of open connections has changed. */
  onCountChange(): void;
}

/** States that the keeper itself tells its clients, as `jupyter_server` does. */
export type ToldState = 'starting' | 'restarting' | 'dead';

const pingIntervalMs = 15_000;

/**
 * Everybody who talks with the kernel. What the kernel publishes goes to all; replies and requests for input go to the one that asked. A client
 * is known by the session of its Jupyter messages, so that it is the same one again on another connection.
 */
export class Clients implements Disposable {
  private readonly disposables = new DisposableStore();
  private readonly connections = new Map<string, ClientConnection>();
  private readonly kept = new KeptMessages<OutgoingMessage>(() => Date.now());
  /**
   * What clients may have received over connections that were lost, and who would know: of all connections of that receiver, since what comes
   * again may stay unconfirmed, or even unwritten, over the next one too. It holds none of them, so that what {@link kept} drops is gone.
   */
  private readonly repeats = new Map<
    string,
    { readonly receiver: string; readonly messages: WeakSet<OutgoingMessage> }
  >();
  private readonly routes = new ReplyRoutes();
  private readonly session = randomUUID();
  private pings: NodeJS.Timeout | undefined;

  constructor(
    private readonly listener: ClientsListener,
    private readonly log: Logger,
  ) {
    this.disposables.addRelease(() => clearInterval(this.pings));
  }

  /** Open connections. */
  get count(): number {
    return this.connections.size;
  }

  /**
   * Takes a WebSocket. One that comes with the session of a client that was lost gets what that one missed, and replaces a connection of
   * the same session that is still open, since that can only be one that has broken unnoticed.
   */
  accept(webSocket: WebSocket, socket: Duplex, manner: ClientManner, sessionId: string | undefined): void {
    const client = sessionId ?? randomUUID();
    const missed = this.takeOver(client, manner.receiver);
    const connection = new ClientConnection(
      webSocket,
      socket,
      manner,
      {
        onMessage: (message) => this.take(client, connection, message),
        onEnd: (rest, isFinal) => {
          if (this.connections.get(client) !== connection) return;
          this.connections.delete(client);
          this.onEnd(client, { ...rest, receiver: manner.receiver }, isFinal || sessionId === undefined);
        },
      },
      this.log,
    );
    this.connections.set(client, connection);
    this.routes.addSession(client, client);
    connection.start();
    if (missed.length > 0)
      this.log.info(`a client is back and gets ${missed.length} messages that it missed`);
    for (const message of missed) connection.send(message);
    if (this.listener.isDead()) connection.send(this.createStatus('dead'));
    this.pings ??= setInterval(() => this.checkLife(), pingIntervalMs).unref();
    this.listener.onCountChange();
  }

  /** Passes a message of the kernel on. */
  deliver({ channel, parts, parent }: KernelMessage): void {
    if (this.connections.size === 0 && this.kept.sessions.length === 0) return;
    const message = new OutgoingMessage({ channel, parts });
    if (channel === 'iopub') {
      this.broadcast(message);
      return;
    }
    const client = parent === undefined ? undefined : this.routes.find(parent);
    if (client === undefined) this.log.debug(`a message on ${channel} has nobody to go to`);
    else this.sendTo(client, message);
  }

  /** Tells every client a state that the kernel itself cannot tell. */
  tell(state: ToldState): void {
    this.broadcast(this.createStatus(state));
  }

  /** Closes all connections: the kernel was shut down. */
  closeAll(): void {
    for (const connection of [...this.connections.values()])
      connection.close(closeCodes.kernelEnded, 'the kernel was shut down', true);
  }

  /** Closes all connections in the way in which clients try again (RFC 6455, "service restart"): another keeper will take over. */
  leave(): void {
    for (const connection of [...this.connections.values()])
      connection.close(1012, 'the keeper of this kernel ends; the kernel runs on', true);
  }

  dispose(): void {
    for (const connection of [...this.connections.values()]) connection.dispose();
    this.disposables.dispose();
  }

  private takeOver(client: string, receiver: string | undefined): OutgoingMessage[] {
    const open = this.connections.get(client);
    if (open !== undefined) {
      this.log.warn('a connection is replaced by another one of the same session');
      open.close(1000, 'replaced by another connection of the same session', false);
    }
    const missed = this.kept.take(client);
    const repeats = this.repeats.get(client);
    const isKnown = repeats === undefined || repeats.receiver === receiver;
    if (!isKnown) this.repeats.delete(client);
    if (missed === undefined) return [];
    const messages = [...missed.messages];
    if (missed.dropped !== undefined)
      messages.splice(missed.dropped.index, 0, this.createDropNotice(missed.dropped));
    // Somebody who does not remember what came would take it for something more.
    return isKnown ? messages : messages.filter((message) => !repeats.messages.has(message));
  }

  private take(client: string, connection: ClientConnection, { channel, parts }: ChannelMessage): void {
    const header = readHeader(parts[0]);
    if (header === undefined || !clientChannels.includes(channel)) {
      this.log.warn(`a message of a client on ${channel} cannot be passed on and was dropped`);
      return;
    }
    this.routes.addRequest(header, client);
    if (!this.listener.onMessage(channel, parts, header)) connection.send(this.createStatus('dead'));
  }

  private onEnd(
    client: string,
    { unconfirmed, unsent, receiver }: UnreceivedMessages & { readonly receiver: string | undefined },
    isFinal: boolean,
  ): void {
    if (isFinal) this.forget(client);
    else {
      this.kept.open(client);
      for (const message of [...unconfirmed, ...unsent]) this.keep(client, message);
      if (receiver !== undefined) this.noteRepeats(client, receiver, unconfirmed);
    }
    this.listener.onCountChange();
  }

  private noteRepeats(client: string, receiver: string, unconfirmed: readonly OutgoingMessage[]): void {
    // What is noted of another receiver was forgotten when this one took over.
    const repeats = this.repeats.get(client) ?? { receiver, messages: new WeakSet() };
    for (const message of unconfirmed) repeats.messages.add(message);
    this.repeats.set(client, repeats);
  }

  private forget(client: string): void {
    this.routes.forget(client);
    this.repeats.delete(client);
  }

  private broadcast(message: OutgoingMessage): void {
    for (const connection of this.connections.values()) connection.send(message);
    for (const client of this.kept.sessions) this.keep(client, message);
  }

  private sendTo(client: string, message: OutgoingMessage): void {
    const connection = this.connections.get(client);
    if (connection === undefined) this.keep(client, message);
    else connection.send(message);
  }

  private keep(client: string, message: OutgoingMessage): void {
    if (this.kept.add(client, message))
      this.log.warn(
        'too much was kept for lost clients: the oldest of it was dropped, of which they will be told',
      );
  }

  private checkLife(): void {
    for (const connection of [...this.connections.values()]) connection.checkLife();
    for (const expired of this.kept.expire()) {
      this.log.info('a client has not come back; what it missed was dropped');
      this.forget(expired);
    }
  }

  private createStatus(state: ToldState): OutgoingMessage {
    const { parts } = createMessage('status', { execution_state: state }, this.session);
    return new OutgoingMessage({ channel: 'iopub', parts });
  }

  /** Stands where the outputs were, in the cell of the first of them. */
  private createDropNotice({ count, sizeBytes, parent }: Dropped): OutgoingMessage {
    const missing = `${count} ${count === 1 ? 'message' : 'messages'} (${formatBytes(sizeBytes)})`;
    const text = `[Remote Kernels: ${missing} from here on were not kept while this client was disconnected, since more than ${formatBytes(maxBacklogBytes)} waited for it]\n`;
    const { parts } = createMessage('stream', { name: 'stderr', text }, this.session);
    const [header, , metadata, content] = parts;
    return new OutgoingMessage({ channel: 'iopub', parts: [header, parent, metadata, content] });
  }
}
