import { setImmediate as otherWork } from 'node:timers/promises';
import type { Dealer, Subscriber } from 'zeromq';
import type { Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import type { KernelChannel, MessageParts } from '../../protocol/kernel-channels';
import { addressOf, routingIdOf, type KernelConnection } from './kernel-connection';
import { MessageSigner } from './message-signer';
import { fromFrames, toFrames } from './wire-messages';

/** Who hears what a kernel sends. Called for each message, so it must be quick and must never wait. */
export interface KernelListener {
  onMessage(channel: KernelChannel, parts: MessageParts): void;
  /** A message with a wrong signature was dropped. */
  onBadSignature(channel: KernelChannel): void;
}

type DealerChannel = Exclude<KernelChannel, 'iopub'>;
const dealerChannels: readonly DealerChannel[] = ['shell', 'control', 'stdin'];

/**
 * After so much was taken in one go other work gets its turn, so that clients which read fast enough are not taken for slow ones only because
 * nothing was written to them meanwhile.
 */
const maxBytesAtOnce = 2 * 1024 * 1024;

/** How soon an attempt to connect is repeated while the kernel has not bound its sockets yet. */
const reconnectIntervalMs = 25;

/**
 * The ZMQ sockets of the one client that a kernel has. They take everything that arrives at once (`receiveHighWaterMark` 0): a kernel drops
 * what nobody reads, the closing `idle` included. They serve one process of the kernel; a restart opens fresh ones, so that nothing meant for
 * the ended process reaches the next.
 */
export class KernelSockets implements Disposable {
  private readonly signer: MessageSigner;
  private readonly dealers = new Map<
    DealerChannel,
    { socket: Dealer; waiting: Uint8Array[][]; isSending: boolean }
  >();
  private subscriber: Subscriber | undefined;
  private isClosed = false;

  constructor(
    private readonly connection: KernelConnection,
    private readonly listener: KernelListener,
    private readonly log: Logger,
  ) {
    this.signer = new MessageSigner(connection.key);
  }

  /** Opens and connects the sockets. They connect as soon as the kernel is there; what is sent before waits for it. */
  async open(): Promise<void> {
    const zmq = await import(/* webpackMode: "eager" */ 'zeromq');
    // Meanwhile the start may have been given up.
    if (this.isClosed) return;
    const options = { linger: 0, receiveHighWaterMark: 0, reconnectInterval: reconnectIntervalMs };
    this.subscriber = new zmq.Subscriber(options);
    this.subscriber.subscribe();
    this.subscriber.connect(addressOf(this.connection, 'iopub'));
    void this.receive('iopub', this.subscriber);
    for (const channel of dealerChannels) {
      const socket = new zmq.Dealer({
        ...options,
        sendHighWaterMark: 0,
        routingId: routingIdOf(this.connection),
      });
      this.dealers.set(channel, { socket, waiting: [], isSending: false });
      socket.connect(addressOf(this.connection, channel));
      void this.receive(channel, socket);
    }
  }

  /** Signs and sends a message. Nothing happens once the sockets are closed. */
  send(channel: DealerChannel, parts: MessageParts): void {
    const dealer = this.dealers.get(channel);
    if (dealer === undefined || this.isClosed) return;
    dealer.waiting.push(toFrames(parts, this.signer));
    if (!dealer.isSending) void this.drain(channel, dealer);
  }

  dispose(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.subscriber?.close();
    for (const { socket } of this.dealers.values()) socket.close();
    this.dealers.clear();
  }

  /** ZMQ's binding takes one message at a time for a socket. */
  private async drain(
    channel: KernelChannel,
    dealer: { socket: Dealer; waiting: Uint8Array[][]; isSending: boolean },
  ): Promise<void> {
    dealer.isSending = true;
    try {
      for (let frames = dealer.waiting.shift(); frames !== undefined; frames = dealer.waiting.shift())
        await dealer.socket.send(frames);
    } catch (error) {
      if (!this.isClosed) this.log.error(`sending on ${channel} failed`, error);
    } finally {
      dealer.isSending = false;
    }
  }

  private async receive(channel: KernelChannel, socket: Dealer | Subscriber): Promise<void> {
    let takenBytes = 0;
    for (;;) {
      if (takenBytes > maxBytesAtOnce) {
        takenBytes = 0;
        await otherWork();
      }
      let frames: Buffer[];
      try {
        frames = await socket.receive();
      } catch (error) {
        // That is how a closed socket ends the wait.
        if (!this.isClosed) this.log.error(`receiving on ${channel} failed`, error);
        return;
      }
      if (socket.closed) return;
      for (const frame of frames) takenBytes += frame.length;
      this.take(channel, frames);
    }
  }

  private take(channel: KernelChannel, frames: readonly Buffer[]): void {
    const received = fromFrames(frames, this.signer);
    switch (received.kind) {
      case 'message':
        this.listener.onMessage(channel, received.parts);
        return;
      case 'bad-signature':
        this.listener.onBadSignature(channel);
        return;
      case 'malformed':
        this.log.warn(`a message on ${channel} that is none was dropped (${frames.length} frames)`);
    }
  }
}
