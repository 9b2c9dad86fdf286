import { maxBacklogBytes, type ChannelMessage } from '../../protocol/kernel-channels';
import type { HeaderFacts } from './wire-messages';

/** A client's message that waits for a kernel. */
export interface HeldMessage extends ChannelMessage {
  readonly header: HeaderFacts;
}

/** What clients send while the kernel is between two processes; the next one gets it. Bounded like every queue of ours. */
export class HeldMessages {
  private messages: HeldMessage[] = [];
  private sizeBytes = 0;

  /** Keeps a message. `false` when too much waits already: the message is then dropped. */
  add(message: HeldMessage): boolean {
    if (this.sizeBytes > maxBacklogBytes) return false;
    for (const part of message.parts) this.sizeBytes += part.byteLength;
    this.messages.push(message);
    return true;
  }

  /** Gives all of them in order and keeps none. */
  take(): HeldMessage[] {
    const taken = this.messages;
    this.messages = [];
    this.sizeBytes = 0;
    return taken;
  }
}
