import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocketServer } from 'ws';
import { abortable, withDeadline } from '../../../src/base/time';
import { createHttpOverSockets } from '../../../src/extension/transports/http-over-sockets';
import { closeCodes } from '../../../src/protocol/kernel-channels';
import { startCutter } from '../../support/cutter';

const ping = { intervalMs: 50, deadlineMs: 150 };

async function startServer(t: TestContext, onRequest?: (status: (code: number) => void) => void) {
  const server = createServer();
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 30 });
  const headers: Record<string, unknown>[] = [];
  server.on('upgrade', (request, socket: Socket, head) => {
    headers.push({ ...request.headers, url: request.url });
    if (onRequest === undefined)
      webSockets.handleUpgrade(request, socket, head, (opened) => webSockets.emit('connection', opened));
    else onRequest((code) => socket.end(`HTTP/1.1 ${code} No\r\ncontent-length: 0\r\n\r\n`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const client of webSockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, webSockets, headers };
}

function createHttp(t: TestContext, port: number, onUnauthorized = () => undefined) {
  const http = createHttpOverSockets({
    baseUrl: 'http://localhost:1',
    openSocket: async () => {
      const socket = connect({ host: '127.0.0.1', port });
      await once(socket, 'connect');
      return socket;
    },
    headers: () => ({ 'x-token': 'secret' }),
    onUnauthorized,
    ping,
  });
  t.after(() => http.dispose());
  return http;
}

function closing(socket: WebSocket): Promise<{ code: number }> {
  const closed = new Promise<{ code: number }>((resolve) => {
    socket.onclose = resolve;
    socket.onerror = () => undefined;
  });
  return abortable(closed, withDeadline(10_000, 'the close'));
}

function opening(socket: WebSocket): Promise<void> {
  const opened = new Promise<void>((resolve) => {
    socket.onopen = () => resolve();
  });
  return abortable(opened, withDeadline(10_000, 'the opening'));
}

test('a WebSocket carries our headers and path and no token in its address, wherever its address points', async (t) => {
  const { port, headers } = await startServer(t);
  const socket = new (createHttp(t, port).WebSocket)(
    'ws://elsewhere.invalid:9/api/kernels/k/channels?session_id=s',
  );
  await opening(socket);
  assert.equal(headers[0]?.['x-token'], 'secret');
  assert.equal(headers[0]['host'], 'localhost:1');
  assert.equal(headers[0]['url'], '/api/kernels/k/channels?session_id=s');
  assert.equal(headers[0]['origin'], undefined);
});

test('a cable that is pulled out is noticed by a missing pong, as a loss without a word', async (t) => {
  const { port } = await startServer(t);
  const cutter = await startCutter(t, port);
  const socket = new (createHttp(t, cutter.port).WebSocket)('ws://localhost/x');
  await opening(socket);
  const closed = closing(socket);
  await cutter.set('pause');
  assert.equal((await closed).code, 1006);
});

test('a message that takes longer than the deadline for a pong does not end the socket', async (t) => {
  const { port, webSockets } = await startServer(t);
  const cutter = await startCutter(t, port);
  webSockets.on('connection', (client: { send(data: Buffer): void }) =>
    client.send(Buffer.alloc(32 * 1024 * 1024)),
  );
  const socket = new (createHttp(t, cutter.port).WebSocket)('ws://localhost/x');
  socket.binaryType = 'arraybuffer';
  cutter.delay(400);
  const received = new Promise<number>((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve((data as ArrayBuffer).byteLength);
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
  });
  assert.equal(await abortable(received, withDeadline(20_000, 'the message')), 32 * 1024 * 1024);
});

test('closing the connection ends its sockets and requests', async (t) => {
  const { port } = await startServer(t);
  const http = createHttp(t, port);
  const socket = new http.WebSocket('ws://localhost/x');
  await opening(socket);
  const closed = closing(socket);
  http.dispose();
  assert.equal((await closed).code, 1006);
  await assert.rejects(http.fetch('http://localhost:1/'));
});

test('a refused or ended sign-in is told, another refusal is not', async (t) => {
  for (const [code, isTold] of [
    [401, true],
    [403, false],
  ] as const) {
    let told = 0;
    const { port } = await startServer(t, (status) => status(code));
    const http = createHttp(t, port, () => void (told += 1));
    await closing(new http.WebSocket('ws://localhost/x'));
    assert.equal(told, isTold ? 1 : 0);
  }
  let told = 0;
  const { port, webSockets } = await startServer(t);
  webSockets.on('connection', (client: { close(code: number): void }) => client.close(closeCodes.signedOut));
  const http = createHttp(t, port, () => void (told += 1));
  assert.equal((await closing(new http.WebSocket('ws://localhost/x'))).code, closeCodes.signedOut);
  assert.equal(told, 1);
});
