import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import type { Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import { WireError } from '../../protocol/errors';
import { jupyterChannelsPath } from '../../protocol/jupyter';
import {
  keeperPaths,
  parseKeeperSettings,
  type KeeperSettings,
  type KeeperState,
} from '../../protocol/keeper';
import { kernelSubprotocol, maxClientMessageBytes, receiverQuery } from '../../protocol/kernel-channels';
import { readJsonBody, readTarget, sendError, sendJson, sendNothing, toWireError } from '../platform/http';
import { listenPrivately } from '../platform/sockets';
import type { Clients } from './clients';
import type { StateWatchers } from './state-watchers';

/** What can be asked of a keeper over its socket. */
export interface KeeperControls {
  readState(): Promise<KeeperState>;
  readOutput(): string;
  interrupt(): void;
  restart(): Promise<void>;
  /** Ends the kernel; the keeper ends once the answer is sent. */
  shutdown(isForced: boolean): Promise<void>;
  change(settings: KeeperSettings): void;
}

/** The HTTP server of a keeper on its private socket: `keeperPaths`, and the WebSocket of its kernel. */
export class KeeperServer implements Disposable {
  private readonly server: Server;
  private webSockets: WebSocketServer | undefined;

  constructor(
    private readonly kernelId: string,
    private readonly controls: KeeperControls,
    private readonly clients: Clients,
    private readonly watchers: StateWatchers,
    private readonly log: Logger,
  ) {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        const wireError = toWireError(error);
        if (wireError.code === 'internal')
          this.log.error(`${request.method ?? ''} ${request.url ?? ''}`, error);
        sendError(response, wireError);
      });
    });
    this.server.on('upgrade', (request, socket, head) => {
      this.upgrade(request, socket, head).catch((error: unknown) => {
        this.log.error('a WebSocket could not be opened', error);
        socket.destroy();
      });
    });
  }

  /** Listens on the path with mode 0600; a socket that an ended keeper left there is removed. */
  listen(path: string): Promise<void> {
    return listenPrivately(this.server, path, 0o600);
  }

  dispose(): void {
    this.server.close();
    this.server.closeAllConnections();
    this.webSockets?.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = readTarget(request);
    switch (`${request.method ?? ''} ${path}`) {
      case `GET ${keeperPaths.state}`:
        if (query.has('watch')) await this.watchers.add(response);
        else sendJson(response, 200, await this.controls.readState());
        return;
      case `GET ${keeperPaths.output}`:
        response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
        response.end(this.controls.readOutput());
        return;
      case `POST ${keeperPaths.interrupt}`:
        this.controls.interrupt();
        sendNothing(response);
        return;
      case `POST ${keeperPaths.restart}`:
        await this.controls.restart();
        sendJson(response, 200, await this.controls.readState());
        return;
      case `POST ${keeperPaths.shutdown}`:
        await this.controls.shutdown(query.has('force'));
        sendNothing(response);
        return;
      case `PATCH ${keeperPaths.settings}`:
        this.controls.change(await readJsonBody(request, parseKeeperSettings));
        sendJson(response, 200, await this.controls.readState());
        return;
      default:
        throw Object.values(keeperPaths).some((known) => known === path)
          ? new WireError('method-not-allowed', `${request.method ?? ''} is not possible here`)
          : new WireError('not-found', 'a keeper has nothing here');
    }
  }

  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', (error) => this.log.warn(`a client's connection broke: ${error.message}`));
    const { path, query } = readTarget(request);
    if (path !== jupyterChannelsPath(this.kernelId)) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const server = (this.webSockets ??= await createWebSocketServer());
    server.handleUpgrade(request, socket, head, (webSocket) => {
      if (socket instanceof Socket) socket.setNoDelay(true);
      const protocol = webSocket.protocol === kernelSubprotocol ? 'v1' : 'json';
      const receiver = protocol === 'v1' ? query.get(receiverQuery) : null;
      const sessionId = query.get('session_id');
      this.clients.accept(
        webSocket,
        socket,
        { protocol, ...(receiver === null ? {} : { receiver }) },
        sessionId === null || sessionId === '' ? undefined : sessionId,
      );
    });
  }
}

async function createWebSocketServer(): Promise<WebSocketServer> {
  const { WebSocketServer: Implementation } = await import(/* webpackMode: "eager" */ 'ws');
  return new Implementation({
    noServer: true,
    clientTracking: false,
    maxPayload: maxClientMessageBytes,
    perMessageDeflate: false,
    // Text goes on as it came; a kernel checks what it parses.
    skipUTF8Validation: true,
    handleProtocols: (offered) => (offered.has(kernelSubprotocol) ? kernelSubprotocol : false),
  });
}
