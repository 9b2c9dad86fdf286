import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../../base/logger';
import { jupyterPaths } from '../../../protocol/jupyter';
import type { ErrorBody, JupyterErrorBody } from '../../../protocol/errors';
import { sendError, toWireError } from '../../platform/http';
import type { Lifetime } from '../lifetime';
import { checkOrigin } from './origin';
import { matchRoute, type Entrance, type Route, type RouteGuard } from './router';

/** What a server on one socket needs. */
export interface AgentServerOptions {
  readonly routes: readonly Route[];
  /** Asked before a route is looked for. */
  readonly guard: RouteGuard;
  /** Takes over a connection that asks for a WebSocket. Throws before it has written anything, or not at all. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
  /** Refuses a request that may not come in here by throwing a `WireError`; asked for each request and each upgrade. */
  readonly admit: (request: IncomingMessage) => void;
  /** Asked for each request, since a door's front door can change. */
  readonly entrance: () => Entrance;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}

/** What Node's parser reports before there is a request, as the status that says it. */
const parserFaults: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Makes the HTTP server of one socket. The caller makes it listen and closes it. Sizes, counts and times are bounded. */
export function createAgentServer(options: AgentServerOptions): Server {
  const server = createServer({
    maxHeaderSize: 32 * 1024,
    headersTimeout: 20_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    noDelay: true,
  });
  server.maxHeadersCount = 100;
  server.maxConnections = 2000;
  server.on('connection', (socket) => {
    const hold = options.lifetime.hold('a connection is open');
    socket.once('close', () => hold.dispose());
  });
  server.on('request', (request, response) => void answer(options, request, response));
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => options.logger.debug(`a connection broke: ${error.message}`));
    upgrade(options, request, socket, head).catch((error: unknown) => {
      refuseUpgrade(options, request, socket, error);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const status = parserFaults[error.code ?? ''] ?? 400;
    if (socket.writable)
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
  return server;
}

async function answer(
  options: AgentServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    options.admit(request);
    checkOrigin(request);
    const match = matchRoute(options.routes, request, options.guard);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the client went away'));
    });
    await match.handle({
      request,
      response,
      parameters: match.parameters,
      query: match.query,
      entrance: options.entrance(),
      signal: gone.signal,
    });
  } catch (thrown) {
    const error = toWireError(thrown);
    if (response.destroyed) return;
    if (error.code === 'internal') options.logger.error(`${describe(request)} failed`, thrown);
    else options.logger.debug(`${describe(request)}: ${error.code}`);
    // What is left of a body that was not read would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    sendError(response, error, {}, shapeFor(request));
  }
}

async function upgrade(
  options: AgentServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  options.admit(request);
  checkOrigin(request);
  await options.upgrade(request, socket, head);
}

function refuseUpgrade(
  options: AgentServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  thrown: unknown,
): void {
  const error = toWireError(thrown);
  if (error.code === 'internal') options.logger.error(`${describe(request)} failed`, thrown);
  const body = JSON.stringify(shapeFor(request)(error.toBody()));
  socket.end(
    [
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

/** Errors under `/api` look as Jupyter clients know them. */
function shapeFor(request: IncomingMessage): (body: ErrorBody) => unknown {
  const path = request.url ?? '';
  return path === jupyterPaths.api || path.startsWith(`${jupyterPaths.api}/`)
    ? toJupyterError
    : (body) => body;
}

function toJupyterError(body: ErrorBody): JupyterErrorBody {
  return { ...body, reason: null };
}

/** For the log: the path without the query, which can hold what a client should not have put there. */
function describe(request: IncomingMessage): string {
  return `${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`;
}
