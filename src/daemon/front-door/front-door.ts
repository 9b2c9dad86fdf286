import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { until, withDeadline } from '../../base/time';
import { WireError, wireErrors } from '../../protocol/errors';
import { frontDoorPaths, type WellKnown } from '../../protocol/front-door';
import type { Supervisor } from '../../protocol/supervisor';
import type { FrontDoorLimits } from '../configuration/front-door-limits';
import { readTarget, sendError, sendJson, toWireError } from '../platform/http';
import type { ForwardingContext } from './agent-connection';
import { AnswersUnderWay } from './answers-under-way';
import { readToken, refuseTokenInUrl } from './authorization';
import type { DaemonCertificate } from './daemon-certificate';
import { Connections, type Connection } from './connections';
import { forwardRequest } from './forward-request';
import { forwardUpgrade, responseOn } from './forward-upgrade';
import { KeepingPlaces } from './kept-connection';
import type { ListenAddress } from './listen-plan';
import { Listeners, type ListeningPlace } from './listeners';
import { loggedPath } from './logged-path';
import { answerSignIn, answerSignOut, type SignInContext } from './sign-in-requests';
import { SignedInClients } from './signed-in-clients';

/** What the front door needs from outside. */
export interface FrontDoorOptions {
  readonly certificate: DaemonCertificate;
  readonly wellKnown: WellKnown;
  readonly supervisor: Supervisor;
  readonly limits: FrontDoorLimits;
  readonly log: Logger;
}

/** How long a client may take to receive that the connection ends. */
const goodbyeTimeoutMs = 500;

/**
 * The one part with a network port: TLS, sign-in, and the way to the agent of who is signed in. It knows no kernels and parses nothing of
 * what it forwards. After `dispose` it accepts nothing and holds nothing.
 */
export class FrontDoor implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly stopping = new AbortController();
  private readonly server: Server;
  private readonly connections: Connections;
  private readonly keepingPlaces: KeepingPlaces;
  private readonly listeners: Listeners;
  private readonly signIns: SignInContext;
  private readonly secureSockets = new Set<TLSSocket>();
  private certificatePem: string;
  private wellKnown: WellKnown;
  private readonly answers = new AnswersUnderWay();

  constructor(private readonly options: FrontDoorOptions) {
    const { certificate, limits, log, supervisor } = options;
    this.certificatePem = certificate.certificatePem;
    this.wellKnown = options.wellKnown;
    this.connections = new Connections(limits, log);
    this.keepingPlaces = new KeepingPlaces(limits.agentIdleTimeoutMs);
    this.listeners = this.owned.add(
      new Listeners((socket) => {
        if (this.connections.accept(socket) !== undefined) this.server.emit('connection', socket);
      }),
    );
    const clients = this.owned.add(new SignedInClients(supervisor, limits.recheckIntervalMs, log));
    this.signIns = { supervisor, clients, limits, signal: this.stopping.signal };
    this.server = createServer({
      key: certificate.privateKeyPem,
      cert: certificate.certificatePem,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.handshakeTimeoutMs,
      // Resumed sessions are never given out: a client checks the key at each connection.
      secureOptions: constants.SSL_OP_NO_TICKET,
      maxHeaderSize: limits.maxHeaderBytes,
      keepAliveTimeout: limits.idleTimeoutMs,
      // The times of strangers are limited per connection, and those who are signed in may send a large body slowly.
      requestTimeout: 0,
      headersTimeout: 0,
    });
    this.serve();
  }

  /**
   * Listens there from now on, and no longer elsewhere; connections that are open stay. Resolves with the port and the addresses. Rejects with a
   * `PortInUseError` or the system's error; see {@link Listeners.listen} for where it listens then.
   */
  listen(addresses: readonly ListenAddress[], port: number): Promise<ListeningPlace> {
    return this.listeners.listen(addresses, port);
  }

  /** How many connections are open, and how many of them belong to a sign-in. */
  countConnections(): { readonly all: number; readonly signedIn: number } {
    return this.connections.count();
  }

  /** Gives itself this name from now on. Connections stay. */
  rename(name: string): void {
    this.wellKnown = { ...this.wellKnown, name };
  }

  /** Asks the supervisor anew about all who are signed in: what is allowed can have changed. Who may not come in any more is cut off. */
  recheckSignIns(): void {
    this.signIns.clients.recheckAll();
  }

  /** Uses this certificate for connections from now on; those that are open stay. Returns whether it is another one than before. */
  renew(certificate: DaemonCertificate): boolean {
    if (certificate.certificatePem === this.certificatePem) return false;
    this.certificatePem = certificate.certificatePem;
    this.server.setSecureContext({
      key: certificate.privateKeyPem,
      cert: certificate.certificatePem,
      minVersion: 'TLSv1.3',
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    return true;
  }

  /**
   * Ends in order: accepts nothing more, lets answers that are under way finish for a moment, says goodbye at the TLS level to who is
   * connected, and closes.
   */
  async stop(): Promise<void> {
    this.owned.dispose();
    const { stopGraceMs } = this.options.limits;
    const isQuiet = () => (this.answers.size === 0 ? true : undefined);
    await until(isQuiet, withDeadline(stopGraceMs, 'requests under way')).catch(toError);
    for (const socket of this.secureSockets) socket.destroySoon();
    const isEmpty = () => (this.connections.count().all === 0 ? true : undefined);
    await until(isEmpty, withDeadline(goodbyeTimeoutMs, 'goodbyes')).catch(toError);
    this.dispose();
  }

  dispose(): void {
    this.owned.dispose();
    this.stopping.abort(new DOMException('the daemon ends', 'AbortError'));
    this.answers.giveUpAll();
    this.connections.destroyAll();
  }

  private serve(): void {
    const { log } = this.options;
    this.server.on('secureConnection', (socket: TLSSocket) => {
      this.secureSockets.add(socket);
      socket.once('close', () => this.secureSockets.delete(socket));
      const { name } = socket.getCipher();
      this.connections.find(socket)?.log.debug(`2/4: ${socket.getProtocol() ?? 'TLS'} agreed (${name})`);
    });
    this.server.on('tlsClientError', (error, socket) => {
      log.debug(`2/4: no TLS with ${socket.remoteAddress ?? 'a client that has gone'}: ${error.message}`);
      socket.destroy();
    });
    this.server.on('clientError', answerMalformed);
    this.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      const answer = this.answers.begin(socket);
      response.once('close', () => (response.writableFinished ? answer.done() : answer.giveUp()));
      this.finish(this.handle(request, response, answer.signal), socket);
    });
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // From here on the HTTP server does not listen for errors of this socket any more.
      socket.on('error', () => socket.destroy());
      // An upgrade in the middle of answers to earlier requests cannot be told from them on the wire.
      if (this.answers.isAnswering(request.socket)) {
        socket.destroy();
        return;
      }
      const gone = new AbortController();
      socket.once('close', () => gone.abort(new DOMException('the client went away', 'AbortError')));
      this.finish(this.handleUpgrade(request, socket, head, gone.signal), socket);
    });
  }

  /** The last net: whatever fails in answering a stranger ends that connection and nothing else. */
  private finish(answered: Promise<void>, socket: Duplex): void {
    answered.catch((error: unknown) => {
      this.options.log.error('a request could not be answered', toError(error));
      socket.destroy();
    });
  }

  private async handle(
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const connection = this.connectionOf(request.socket);
      const { path, query } = this.readRequest(request, connection);
      switch (path) {
        case frontDoorPaths.wellKnown:
          requireMethod(request, 'GET', 'HEAD');
          sendJson(response, 200, this.wellKnown);
          break;
        case frontDoorPaths.signIn:
          requireMethod(request, 'POST');
          refuseForeignOrigin(request);
          await answerSignIn(request, response, connection, this.signIns);
          break;
        case frontDoorPaths.signOut:
          requireMethod(request, 'POST');
          refuseForeignOrigin(request);
          await answerSignOut(request, response, query, connection, this.signIns);
          break;
        default: {
          const context = await this.authorize(request, connection, signal);
          await forwardRequest(request, response, context);
        }
      }
    } catch (error) {
      this.answerError(request, response, error);
    }
  }

  private async handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const connection = this.connectionOf(request.socket);
      this.readRequest(request, connection);
      const context = await this.authorize(request, connection, signal);
      await forwardUpgrade(request, socket, head, context);
    } catch (error) {
      if (socket.destroyed) return;
      this.answerError(request, responseOn(request, socket), error);
    }
  }

  private connectionOf(socket: Socket): Connection {
    const connection = this.connections.find(socket);
    if (connection === undefined) throw new Error('the connection of this request has gone');
    return connection;
  }

  private readRequest(request: IncomingMessage, connection: Connection) {
    connection.requestCame();
    const target = readTarget(request);
    if (request.rawHeaders.length > 2 * this.options.limits.maxHeaders)
      throw new WireError('too-large', `a request has at most ${this.options.limits.maxHeaders} headers`);
    refuseTokenInUrl(target.query);
    return target;
  }

  /** Who may pass, and how to their agent. The connection is from here on one of that sign-in. */
  private async authorize(
    request: IncomingMessage,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<ForwardingContext> {
    const token = readToken(request);
    const { clients } = this.signIns;
    const origin = { source: connection.source, connection: connection.number, gone: signal };
    const { user, door } = await clients.find(token, origin);
    clients.attach(token, request.socket);
    if (!connection.isSignedIn) {
      connection.signedIn();
      connection.log.info(`3/4: the token is one of ${user}`);
      connection.log.debug('4/4: requests go to the agent');
    }
    return {
      findDoor: async (isFresh) => (isFresh ? (await clients.find(token, origin, true)).door : door),
      connectTimeoutMs: this.options.limits.agentConnectTimeoutMs,
      answerTimeoutMs: this.options.limits.agentAnswerTimeoutMs,
      token,
      keepingPlace: () => this.keepingPlaces.of(request.socket),
      signal,
    };
  }

  private answerError(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    // A response that waits behind another one is not told that its connection has closed.
    if (response.destroyed || request.socket.destroyed) return;
    const error = toWireError(thrown);
    const { log } = this.options;
    const path = loggedPath(splitUrl(request).path);
    const words = `${request.method ?? ''} ${path}: ${String(error.status)} ${error.code}`;
    if (error.code === 'internal') log.error(words, error.cause);
    else log.debug(`${words}: ${error.message}`);
    // A body that nobody will read cannot be told from the next request.
    if (!request.complete) response.shouldKeepAlive = false;
    const extra: Record<string, string> = {};
    if (error.code === 'unauthorized') extra['www-authenticate'] = 'Bearer';
    if (wireErrors[error.code].status === 503) extra['retry-after'] = '2';
    sendError(response, error, extra);
    if (!request.complete) response.once('finish', () => request.socket.destroySoon());
  }
}

function splitUrl(request: IncomingMessage): { readonly path: string } {
  return { path: (request.url ?? '').split('?')[0]?.slice(0, 200) ?? '' };
}

function requireMethod(request: IncomingMessage, ...methods: readonly string[]): void {
  if (!methods.includes(request.method ?? ''))
    throw new WireError('method-not-allowed', `this address takes ${methods.join(' or ')}`);
}

/** A web page must not be able to try codes from within somebody's browser. Programs send no `Origin`. */
function refuseForeignOrigin(request: IncomingMessage): void {
  const { origin, host } = request.headers;
  if (origin !== undefined && origin.toLowerCase() !== `https://${(host ?? '').toLowerCase()}`)
    throw new WireError('foreign-origin', 'sign-in from a web page of another origin is refused');
}

/** What could not be read as a request gets a short answer, if it can still be sent, and the connection ends. */
function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const body = isTooLarge
    ? new WireError('too-large', 'the head of the request is too large').toBody()
    : new WireError('bad-request', 'this is no request').toBody();
  const text = JSON.stringify(body);
  const line = isTooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}
