import type { ClientRequestArgs } from 'node:http';
import { Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import { toError } from '../../base/errors';
import { closeCodes, maxClientMessageBytes } from '../../protocol/kernel-channels';

/** How often a WebSocket is asked whether its other end is there, and how long an answer may take. */
export interface PingPolicy {
  readonly intervalMs: number;
  readonly deadlineMs: number;
}

/** What the WebSockets of one connection have in common. */
export interface WebSocketOptions {
  /** `host:port` for the `Host` header. */
  readonly host: string;
  readonly openSocket: (signal: AbortSignal) => Promise<Socket>;
  /** Read anew for each socket. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** The host does not accept the sign-in any more. */
  readonly onUnauthorized: () => void;
  /** Holds every socket until it is closed, so that the connection can end them. */
  readonly open: Set<WebSocket>;
  readonly ping: PingPolicy;
}

/** A closed lid leaves half-open sockets behind that never fail by themselves. */
export const defaultPing: PingPolicy = { intervalMs: 15_000, deadlineMs: 10_000 };

const handshakeTimeoutMs = 20_000;

/**
 * A class in the shape of the web platform's `WebSocket` whose sockets travel over the connection. The origin of its addresses is not used.
 * A socket whose other end does not answer pings is terminated, which its owner sees as code 1006.
 */
export function createWebSocketClass(options: WebSocketOptions): typeof globalThis.WebSocket {
  class ChannelWebSocket extends WebSocket {
    constructor(address: string | URL, protocols: string | string[] = []) {
      const ended = new AbortController();
      let socket: Socket | undefined;
      const settings: Omit<ClientOptions, 'createConnection'> & ClientRequestArgs = {
        headers: { ...options.headers(), host: options.host },
        perMessageDeflate: false,
        maxPayload: maxClientMessageBytes,
        handshakeTimeout: handshakeTimeoutMs,
        createConnection: (_options, onCreated) => {
          options.openSocket(ended.signal).then(
            (opened) => {
              socket = opened;
              opened.setNoDelay(true);
              onCreated(null, opened);
            },
            (error: unknown) => onCreated(toError(error), new Socket()),
          );
          return undefined;
        },
      };
      super(toPrivateAddress(address), protocols, settings);
      options.open.add(this);
      const stopPings = keepAsking(this, options.ping, () => socket?.bytesRead ?? 0);
      this.on('error', (error) => {
        if (/^Unexpected server response: 401$/.test(error.message)) options.onUnauthorized();
      });
      this.on('close', (code) => {
        options.open.delete(this);
        ended.abort();
        stopPings();
        if (code === closeCodes.signedOut) options.onUnauthorized();
      });
    }
  }
  // ws follows the web platform's interface in everything that clients of Jupyter use.
  return ChannelWebSocket as unknown as typeof globalThis.WebSocket;
}

/**
 * The address as one of a unix socket that is never opened, because the sockets come from `createConnection`. An editor that routes the
 * requests of extensions through a proxy leaves such requests alone; any other form it could send elsewhere, with their headers.
 */
function toPrivateAddress(address: string | URL): string {
  const { pathname, search } = new URL(address);
  return `ws+unix:/connection-of-remote-kernels:${pathname}${search}`;
}

/** Pings until stopped. Any byte received counts as an answer: a pong waits behind a large message. */
function keepAsking(webSocket: WebSocket, policy: PingPolicy, bytesRead: () => number): () => void {
  let deadline: NodeJS.Timeout | undefined;
  const ask = () => {
    if (webSocket.readyState !== WebSocket.OPEN || deadline !== undefined) return;
    webSocket.ping();
    expectAnswer(bytesRead());
  };
  const expectAnswer = (before: number) => {
    deadline = setTimeout(() => {
      const now = bytesRead();
      if (now === before) webSocket.terminate();
      else expectAnswer(now);
    }, policy.deadlineMs);
    deadline.unref();
  };
  const interval = setInterval(ask, policy.intervalMs);
  interval.unref();
  webSocket.on('pong', () => {
    clearTimeout(deadline);
    deadline = undefined;
  });
  return () => {
    clearInterval(interval);
    clearTimeout(deadline);
  };
}
