import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { ClientConnection } from '../../../src/daemon/keeper/client-connection';
import { OutgoingMessage } from '../../../src/daemon/keeper/outgoing-message';
import { maxUnconfirmedMessages } from '../../../src/protocol/kernel-channels';

/** The side of a WebSocket that a connection uses, noting what is done with it. */
class NotedWebSocket extends EventEmitter {
  readonly done: string[] = [];
  readonly payloads: Buffer[] = [];
  ping(payload?: Buffer): void {
    this.done.push('ping');
    if (payload !== undefined) this.payloads.push(payload);
  }
  terminate(): void {
    this.done.push('terminate');
  }
  close(code: number, reason: string): void {
    this.done.push(`close ${code} ${reason}`);
  }
}

function connect(protocol: 'v1' | 'json' = 'v1', takesRepeats = false) {
  const webSocket = new NotedWebSocket();
  // Nobody reads it, so it takes what its buffer holds and no more.
  const socket = new PassThrough();
  const ends: { unconfirmed: number; unsent: number; isFinal: boolean }[] = [];
  const connection = new ClientConnection(
    webSocket as unknown as WebSocket,
    socket,
    { protocol, ...(takesRepeats ? { receiver: 'one' } : {}) },
    {
      onMessage: () => undefined,
      onEnd: ({ unconfirmed, unsent }, isFinal) =>
        ends.push({ unconfirmed: unconfirmed.length, unsent: unsent.length, isFinal }),
    },
    silentLogger,
  );
  connection.start();
  return { webSocket, socket, ends, connection };
}

function message(size: number): OutgoingMessage {
  const empty = Buffer.from('{}');
  return new OutgoingMessage({ channel: 'iopub', parts: [empty, empty, empty, Buffer.alloc(size, 'x')] });
}

test('a client that answers no ping is ended after two', () => {
  const { webSocket, connection } = connect();
  for (let turn = 0; turn < 3; turn += 1) connection.checkLife();
  assert.deepEqual(webSocket.done, ['ping', 'ping', 'terminate']);
});

for (const sign of ['pong', 'message'] as const) {
  test(`a ${sign} is a sign of life`, () => {
    const { webSocket, connection } = connect();
    for (let turn = 0; turn < 5; turn += 1) {
      connection.checkLife();
      webSocket.emit(sign, Buffer.alloc(0), true);
    }
    assert.equal(webSocket.done.includes('terminate'), false);
  });
}

test('a client that still reads what was sent is alive, however late its pongs are', () => {
  const { webSocket, socket, connection } = connect();
  connection.send(message(16 * 1024 * 1024));
  for (let turn = 0; turn < 8; turn += 1) {
    connection.checkLife();
    socket.read();
  }
  assert.equal(webSocket.done.includes('terminate'), false);
});

test('a client is closed with 4008 when more than 64 MiB wait for it, and not before', () => {
  const { webSocket, ends, connection } = connect();
  for (let count = 0; count < 64; count += 1) connection.send(message(1024 * 1024));
  assert.equal(webSocket.done.length, 0);
  for (let count = 0; count < 8; count += 1) connection.send(message(1024 * 1024));
  assert.equal(webSocket.done.length, 1);
  const [closing = ''] = webSocket.done;
  assert.match(closing, /^close 4008 this client was 6[78] MB behind/);
  assert.ok(Buffer.byteLength(closing.slice('close 4008 '.length)) <= 123);
  assert.equal(ends.length, 1);
  assert.equal(ends[0]?.isFinal, true, 'what it missed is not kept: it could only get a part of it');
});

for (const [code, isFinal] of [
  [1000, true],
  [1001, false],
  [1006, false],
] as const) {
  test(`a connection that is closed with ${code} ${isFinal ? 'does not come' : 'may come'} back`, () => {
    const { webSocket, ends } = connect();
    webSocket.emit('close', code, Buffer.alloc(0));
    webSocket.emit('close', code, Buffer.alloc(0));
    assert.deepEqual(ends, [{ unconfirmed: 0, unsent: 0, isFinal }]);
  });
}

test('a message that is too long for the older protocol closes only that client', () => {
  const { webSocket, connection } = connect('json');
  const part = Buffer.alloc(0);
  const huge = { sizeBytes: 300 * 1024 * 1024, message: part };
  connection.send(huge as unknown as OutgoingMessage);
  assert.match(webSocket.done[0] ?? '', /^close 1009 /);
});

test('one message that is larger than the limit does not close a client to which something else is being written', () => {
  const { webSocket, ends, connection } = connect();
  for (let count = 0; count < 4; count += 1) connection.send(message(1024 * 1024));
  connection.send(message(70 * 1024 * 1024));
  for (let count = 0; count < 4; count += 1) connection.send(message(10));
  // What it waits behind is soon written, and so is the message itself when the client reads.
  assert.deepEqual(webSocket.done, []);
  assert.equal(ends.length, 0);
});

/** Waits until the connection has asked that often what has arrived. */
async function asked(webSocket: NotedWebSocket, count: number): Promise<Buffer> {
  await until(
    () => (webSocket.payloads.length >= count ? true : undefined),
    withDeadline(20_000, 'a question'),
    2,
  );
  return webSocket.payloads[count - 1] ?? Buffer.alloc(0);
}

test('what a client that takes repeats has not confirmed is left for its next connection', async () => {
  const { webSocket, ends, connection } = connect('v1', true);
  for (let index = 0; index < 3; index += 1) connection.send(message(10));
  const payload = await asked(webSocket, 1);
  for (let index = 0; index < 2; index += 1) connection.send(message(10));
  webSocket.emit('pong', Buffer.alloc(0));
  webSocket.emit('pong', payload);
  await asked(webSocket, 2);
  webSocket.emit('close', 1006);
  assert.deepEqual(ends, [{ unconfirmed: 2, unsent: 0, isFinal: false }]);
});

test('a client that does not take repeats is sent nothing twice', async () => {
  const { webSocket, ends, connection } = connect('v1');
  connection.send(message(10));
  await new Promise((resolve) => setImmediate(resolve));
  webSocket.emit('close', 1006);
  assert.deepEqual([ends, webSocket.payloads], [[{ unconfirmed: 0, unsent: 0, isFinal: false }], []]);
});

test('no more is on the way to a client than it can tell from repeats', async () => {
  const { webSocket, socket, ends, connection } = connect('v1', true);
  socket.resume();
  const count = 3 * maxUnconfirmedMessages;
  let sent = 0;
  for (; sent < count; sent += 1) connection.send(message(1));
  let arrived = 0;
  for (let turn = 1; arrived < count; turn += 1) {
    const payload = await asked(webSocket, turn);
    const before = arrived;
    arrived = Number(payload.readBigUInt64LE());
    // One write of small messages may pass the limit.
    assert.ok(arrived - before <= maxUnconfirmedMessages + 2000, `${arrived - before} on the way`);
    webSocket.emit('pong', payload);
  }
  webSocket.emit('close', 1006);
  assert.deepEqual(ends, [{ unconfirmed: 0, unsent: 0, isFinal: false }]);
});
