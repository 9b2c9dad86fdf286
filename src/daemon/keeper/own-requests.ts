import { randomUUID } from 'node:crypto';
import { toError } from '../../base/errors';
import type { MessageParts } from '../../protocol/kernel-channels';
import { createMessage } from './wire-messages';

/** The requests that the keeper itself makes of its kernel, under a Jupyter session of their own, so that their replies reach no client. */
export class OwnRequests {
  /** The Jupyter session of these requests. */
  readonly session = randomUUID();
  private readonly waiting = new Map<string, () => void>();

  /** Sends a request and resolves with its reply. Rejects when the signal aborts. */
  ask(
    send: (parts: MessageParts) => void,
    messageType: string,
    content: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const { messageId, parts } = createMessage(messageType, content, this.session);
      const onAbort = () => {
        this.waiting.delete(messageId);
        reject(toError(signal.reason));
      };
      this.waiting.set(messageId, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
      send(parts);
    });
  }

  /** A request to which nobody waits for an answer. */
  create(messageType: string, content: Readonly<Record<string, unknown>>): MessageParts {
    return createMessage(messageType, content, this.session).parts;
  }

  /** Takes a reply to one of these requests. */
  settle(requestId: string): void {
    const resolve = this.waiting.get(requestId);
    this.waiting.delete(requestId);
    resolve?.();
  }
}
