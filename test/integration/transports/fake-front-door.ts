import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { protocolVersion } from '../../../src/protocol/version';
import type { TestCertificate } from './certificates';

/** A request that the fake got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A TLS server that counts what clients send inside TLS. */
export interface FakeFrontDoor {
  readonly port: number;
  readonly certificate: TestCertificate;
  /** Bytes of application data that clients have sent, over all connections. */
  readonly receivedBytes: number;
  /** TCP connections that clients have opened. */
  readonly connections: number;
  /** Resolves when every connection is closed, so that nothing more can be counted. */
  untilClosed(): Promise<void>;
  /** Handshakes that were finished on this side; a client that refuses the key leaves before that. */
  readonly handshakes: number;
  /** Of these, how many resumed an earlier session. */
  readonly resumptions: number;
  readonly requests: readonly ReceivedRequest[];
}

/** Answers one request; what it gives is sent as JSON. */
export type Answer = (request: ReceivedRequest) => {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
};

/** What a fake is made with. */
export interface FakeOptions {
  readonly certificate: TestCertificate;
  readonly answer?: Answer;
  readonly tls?: TlsOptions;
  /** Takes the decrypted connection itself, instead of HTTP. */
  readonly onSocket?: (socket: TLSSocket) => void;
}

/** What a front door says of itself before anybody signed in. */
export function wellKnown(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    protocol: protocolVersion,
    daemonId: 'd'.repeat(32),
    startId: 's1',
    name: 'lab-7',
    signIn: ['password'],
    version: '0.1.0',
    ...over,
  };
}

/** What an agent says first. */
export function hello(user = 'ada'): Record<string, unknown> {
  return {
    protocol: protocolVersion,
    agentId: 'a1',
    startId: 's1',
    user,
    hostname: 'lab-7',
    platform: 'linux-x64',
    version: '0.1.0',
    homeFolder: `/home/${user}`,
  };
}

/** Starts a fake on 127.0.0.1. It ends with the test. */
export async function startFakeFrontDoor(
  t: Pick<TestContext, 'after'>,
  options: FakeOptions,
): Promise<FakeFrontDoor> {
  const counts = { receivedBytes: 0, handshakes: 0, resumptions: 0 };
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<TLSSocket>();
  const http = createHttpServer((request, response) => void respond(request, response));
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', url = '' } = request;
    const received = { method, path: url, authorization: request.headers.authorization, body };
    requests.push(received);
    const answered = options.answer?.(received) ?? {
      status: 404,
      body: { code: 'not-found', message: 'no' },
    };
    response.writeHead(answered.status, { 'content-type': 'application/json', ...answered.headers });
    response.end(JSON.stringify(answered.body));
  };
  const { key, cert } = options.certificate;
  const server = createServer({ key, cert, ...options.tls }, (socket) => {
    counts.handshakes += 1;
    if (socket.isSessionReused()) counts.resumptions += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    if (options.onSocket === undefined) http.emit('connection', socket);
    else options.onSocket(socket);
    socket.on('data', (chunk: Buffer) => {
      counts.receivedBytes += chunk.length;
    });
  });
  server.on('tlsClientError', () => undefined);
  const open = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    http.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    certificate: options.certificate,
    requests,
    get connections() {
      return connections;
    },
    async untilClosed() {
      await until(
        () => (open.size === 0 ? true : undefined),
        withDeadline(5_000, 'all connections to close'),
      );
    },
    get receivedBytes() {
      return counts.receivedBytes;
    },
    get handshakes() {
      return counts.handshakes;
    },
    get resumptions() {
      return counts.resumptions;
    },
  };
}
