import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Disposable } from '../../base/disposable';
import type { PairingCode } from '../../protocol/command-line';
import { controlPaths, type DaemonStatus } from '../../protocol/daemon-control';
import { WireError } from '../../protocol/errors';
import { readTarget, sendError, sendJson, toWireError } from '../platform/http';
import { listenPrivately } from '../platform/sockets';

/** What the running daemon can be asked. */
export interface DaemonControl {
  /** Absent where people sign in otherwise. */
  readonly pair?: () => PairingCode;
  readonly status: () => Promise<DaemonStatus>;
}

/**
 * Answers `pair` and `status` on a socket of this user only (0600, in a folder where nobody else can put another in its place), replacing what an ended daemon left there. The caller
 * holds the lock of the daemon. Disposing it closes and removes the socket.
 */
export async function serveControl(socketPath: string, control: DaemonControl): Promise<Disposable> {
  const server: Server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000 },
    (request, response) => {
      void answer(request, control).then(
        (body) => sendJson(response, 200, body),
        (error: unknown) => sendError(response, toWireError(error)),
      );
    },
  );
  await listenPrivately(server, socketPath, 0o600);
  return {
    dispose() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, control: DaemonControl): Promise<unknown> {
  const { method = '' } = request;
  const { path } = readTarget(request);
  if (method === 'POST' && path === controlPaths.pair && control.pair !== undefined) return control.pair();
  if (method === 'GET' && path === controlPaths.status) return control.status();
  throw new WireError('not-found', `${method} ${path} is nothing that the daemon answers here`);
}
