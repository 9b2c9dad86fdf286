import type { Disposable } from '../../base/disposable';
import { maxUnconfirmedMessages } from '../../protocol/kernel-channels';
import type { OutgoingMessage } from './outgoing-message';

/** So much may be on the way to a client besides the message that fills it up: more than a fast link over a long way holds. */
const maxUnconfirmedBytes = 8 * 1024 * 1024;

/** How long messages are gathered before a client is asked about them together. */
const gatherMs = 20;

/** A message on its way, as far as it matters here. */
type SentMessage = Pick<OutgoingMessage, 'sizeBytes'>;

/**
 * The messages that were written to one client and of which it has not said yet that it received them. It is asked by pings, which it answers
 * in turn: a pong says that everything before its ping has arrived. At most one question is on the way.
 */
export class UnconfirmedMessages<T extends SentMessage = OutgoingMessage> implements Disposable {
  private messages: T[] = [];
  private sizeBytes = 0;
  private confirmedCount = 0;
  private asked: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isEnded = false;

  constructor(
    /** Sends a ping with this payload. */
    private readonly ping: (payload: Buffer) => void,
  ) {}

  /** Whether so much is on the way that nothing more is written before the client has said something. */
  get isFull(): boolean {
    return this.isFilled(1);
  }

  /** Adds what was just written, in order. */
  add(written: readonly T[]): void {
    if (this.isEnded) return;
    for (const message of written) {
      this.messages.push(message);
      this.sizeBytes += message.sizeBytes;
    }
    this.askInTime();
  }

  /** Takes the payload of a pong. One that answers no question of ours changes nothing. */
  confirm(payload: Buffer): void {
    const { asked } = this;
    if (asked === undefined || payload.byteLength !== 8 || payload.readBigUInt64LE() !== BigInt(asked))
      return;
    this.asked = undefined;
    const received = this.messages.splice(0, asked - this.confirmedCount);
    for (const { sizeBytes } of received) this.sizeBytes -= sizeBytes;
    this.confirmedCount = asked;
    this.askInTime();
  }

  /** Gives all of them, in order, and asks nothing more. */
  takeAll(): T[] {
    this.dispose();
    return this.messages.splice(0);
  }

  dispose(): void {
    this.isEnded = true;
    this.asked = undefined;
    clearTimeout(this.timer);
  }

  /** Early enough that the answer can be there before it is full. */
  private askInTime(): void {
    if (this.isEnded || this.asked !== undefined || this.messages.length === 0) return;
    if (this.isFilled(0.5)) this.ask();
    else this.timer ??= setTimeout(() => this.ask(), gatherMs);
  }

  private ask(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.asked !== undefined || this.messages.length === 0) return;
    this.asked = this.confirmedCount + this.messages.length;
    const payload = Buffer.alloc(8);
    payload.writeBigUInt64LE(BigInt(this.asked));
    this.ping(payload);
  }

  private isFilled(share: number): boolean {
    return (
      this.messages.length >= maxUnconfirmedMessages * share || this.sizeBytes >= maxUnconfirmedBytes * share
    );
  }
}
