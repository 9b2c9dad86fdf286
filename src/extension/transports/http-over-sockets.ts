import type { Socket } from 'node:net';
import { Agent, fetch, Headers, Request } from 'undici';
import type { WebSocket } from 'ws';
import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { HttpConnection } from '../../base/http-connection';
import { createWebSocketClass, defaultPing, type PingPolicy } from './channel-web-socket';

/** What HTTP and WebSockets over sockets of our own are made with. */
export interface HttpOverSocketsOptions {
  /** Like `http://localhost`. */
  readonly baseUrl: string;
  /** Opens one socket, checked as the transport wants it. Called for each socket of each kind. */
  readonly openSocket: (signal: AbortSignal) => Promise<Socket>;
  /** On every request and WebSocket, read anew each time. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Called when the host answers 401: it does not accept the sign-in. */
  readonly onUnauthorized?: () => void;
  readonly ping?: PingPolicy;
}

/** An HTTP connection whose owner ends it: that closes all of its sockets at once. */
export interface HttpOverSockets extends HttpConnection, Disposable {}

/** Longer than the silence that streams allow themselves. */
const bodyTimeoutMs = 60_000;
/** Longer than a host takes to start a kernel or to say that it did not; callers have shorter deadlines of their own. */
const headersTimeoutMs = 180_000;

/**
 * Makes `fetch` and `WebSocket` of a function that opens sockets. There is one such function for both, so that no check can be missing on one
 * of the two paths. Redirections are answers that nobody follows: a host
 * has no business sending us elsewhere.
 */
export function createHttpOverSockets(options: HttpOverSocketsOptions): HttpOverSockets {
  const ended = new AbortController();
  const open = new Set<WebSocket>();
  const onUnauthorized = options.onUnauthorized ?? (() => undefined);
  const dispatcher = new Agent({
    bodyTimeout: bodyTimeoutMs,
    headersTimeout: headersTimeoutMs,
    maxHeaderSize: 64 * 1024,
    connect: (_target, callback) => {
      options.openSocket(ended.signal).then(
        (socket) => {
          socket.setNoDelay(true);
          callback(null, socket);
        },
        (error: unknown) => callback(toError(error), null),
      );
    },
  });
  const openSocket = (signal: AbortSignal) => options.openSocket(AbortSignal.any([signal, ended.signal]));

  const send = async (input: string | URL | Request, init?: ConstructorParameters<typeof Request>[1]) => {
    const request = new Request(input, init);
    for (const [name, value] of Object.entries(options.headers())) request.headers.set(name, value);
    const response = await fetch(request, { dispatcher, redirect: 'manual' });
    if (response.status === 401) onUnauthorized();
    return response;
  };

  return {
    baseUrl: options.baseUrl,
    // undici implements the same standard as the globals, with types of its own.
    fetch: send as unknown as typeof globalThis.fetch,
    Request: Request as unknown as typeof globalThis.Request,
    Headers: Headers as unknown as typeof globalThis.Headers,
    WebSocket: createWebSocketClass({
      host: new URL(options.baseUrl).host,
      openSocket,
      headers: options.headers,
      onUnauthorized,
      open,
      ping: options.ping ?? defaultPing,
    }),
    dispose() {
      if (ended.signal.aborted) return;
      ended.abort(new Error('the connection was closed'));
      for (const webSocket of [...open]) webSocket.terminate();
      dispatcher.destroy(new Error('the connection was closed')).catch(toError);
    },
  };
}
