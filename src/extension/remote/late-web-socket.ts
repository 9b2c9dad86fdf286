import { toError } from '../../base/errors';
import { whenAttached, type AgentAccess } from './agent-access';
import { ReceivedMessages } from './received-messages';

/** States of a WebSocket by their numbers in the standard. */
const states = { connecting: 0, open: 1, closing: 2, closed: 3 } as const;

/** The code for a connection that went without a word (RFC 6455 §7.1.5). */
const abnormalClosure = 1006;

/**
 * Makes a WebSocket class for the Jupyter client whose sockets open over the agent's connection of the moment. While there is none a socket
 * stays *connecting* and opens over the next one: the client sees one long attempt instead of failures that it would count, ask about and at
 * last take for the kernel's death. A socket that was open ends with code 1006 when its connection goes, after which the client makes another.
 * What the host sends again over that one, since it cannot know that it has arrived, is left out.
 */
export function createLateWebSocketClass(
  access: AgentAccess,
  lifetime: AbortSignal,
): typeof globalThis.WebSocket {
  const received = new ReceivedMessages();

  class LateWebSocket {
    static readonly CONNECTING = states.connecting;
    static readonly OPEN = states.open;
    static readonly CLOSING = states.closing;
    static readonly CLOSED = states.closed;

    binaryType: BinaryType = 'arraybuffer';
    onopen: ((event: Event) => void) | null = null;
    onmessage: ((event: MessageEvent) => void) | null = null;
    onclose: ((event: CloseEvent) => void) | null = null;
    onerror: ((event: Event) => void) | null = null;
    private inner: WebSocket | undefined;
    private readonly waiting = new AbortController();
    private isClosed = false;

    constructor(
      readonly url: string,
      private readonly protocols: string | string[] = [],
    ) {
      void this.openLate();
    }

    get readyState(): number {
      return this.isClosed ? states.closed : (this.inner?.readyState ?? states.connecting);
    }

    get protocol(): string {
      return this.inner?.protocol ?? '';
    }

    get bufferedAmount(): number {
      return this.inner?.bufferedAmount ?? 0;
    }

    send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>): void {
      if (this.inner === undefined) throw new DOMException('not open yet', 'InvalidStateError');
      this.inner.send(data);
    }

    close(code?: number, reason?: string): void {
      this.isClosed = true;
      this.waiting.abort();
      this.inner?.close(code, reason);
    }

    private async openLate(): Promise<void> {
      try {
        const http = await whenAttached(access, AbortSignal.any([lifetime, this.waiting.signal]));
        const inner = new http.WebSocket(received.addressFor(this.url), this.protocols);
        inner.binaryType = this.binaryType;
        inner.onopen = (event) => this.onopen?.(event);
        const isRepeat = received.beginConnection();
        inner.onmessage = (event) => {
          // What comes while it closes has nobody to take it, and is not counted as received.
          if (!this.isClosed && !isRepeat(event.data)) this.onmessage?.(event);
        };
        inner.onerror = (event) => this.onerror?.(event);
        inner.onclose = (event) => {
          this.isClosed = true;
          if (event.code === abnormalClosure)
            access.suspectLoss(new Error('a WebSocket ended without a word'));
          this.onclose?.(event);
        };
        this.inner = inner;
      } catch (error) {
        // Closed before it opened: whoever closed it has taken its listeners away.
        this.isClosed = true;
        this.onclose?.({ code: abnormalClosure, reason: toError(error).message } as CloseEvent);
      }
    }
  }
  // The Jupyter client uses the members above and no others.
  return LateWebSocket as unknown as typeof globalThis.WebSocket;
}
