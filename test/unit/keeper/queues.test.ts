import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HeldMessages } from '../../../src/daemon/keeper/held-messages';
import { keptForMs, KeptMessages } from '../../../src/daemon/keeper/kept-messages';
import { OutgoingMessage } from '../../../src/daemon/keeper/outgoing-message';
import { OutgoingQueue } from '../../../src/daemon/keeper/outgoing-queue';
import { ReplyRoutes } from '../../../src/daemon/keeper/reply-routes';

/** A socket that sends nothing until it is drained. */
class SlowSocket extends EventEmitter {
  readonly writes: Buffer[] = [];
  private taken: (() => void)[] = [];
  destroyed = false;
  writableLength = 0;

  write(chunk: Uint8Array, onTaken?: () => void): boolean {
    this.writes.push(Buffer.from(chunk));
    if (onTaken !== undefined) this.taken.push(onTaken);
    this.writableLength += chunk.byteLength;
    return false;
  }
  cork(): void {
    this.emit('corked');
  }
  uncork(): void {
    this.emit('uncorked');
  }
  drain(): void {
    this.writableLength = 0;
    const { taken } = this;
    this.taken = [];
    for (const onTaken of taken) onTaken();
  }
  get received(): Buffer {
    return Buffer.concat(this.writes);
  }
}

function createQueue(): { socket: SlowSocket; queue: OutgoingQueue } {
  const socket = new SlowSocket();
  return { socket, queue: new OutgoingQueue(socket as never, 'v1') };
}

function message(size: number, mark = 'x'): OutgoingMessage {
  const empty = Buffer.from('{}');
  return new OutgoingMessage({ channel: 'iopub', parts: [empty, empty, empty, Buffer.alloc(size, mark)] });
}

test('all small messages of a turn go out in one write', async () => {
  const { socket, queue } = createQueue();
  for (let index = 0; index < 100; index += 1) queue.push(message(100));
  assert.equal(socket.writes.length, 0);
  await nextTurn();
  assert.equal(socket.writes.length, 1);
  assert.equal(queue.waitingBytes, 0);
});

test('a client that takes nothing is behind by what waits, and gets it in order when it reads again', async () => {
  const { socket, queue } = createQueue();
  const sizes = [1_100_000, 1000, 1000, 1000];
  queue.push(message(sizes[0] ?? 0, '1'));
  await nextTurn();
  const { length } = socket.writes;
  for (const mark of ['2', '3', '4']) queue.push(message(1000, mark));
  await nextTurn();
  assert.equal(socket.writes.length, length, 'the first fills the socket');
  assert.equal(queue.waitingBytes, 3 * 1006);
  while (socket.writableLength > 0) socket.drain();
  assert.equal(queue.waitingBytes, 0);
  const order = socket.received
    .toString('latin1')
    .replace(/[^1-4]+/g, '')
    .replace(/(.)\1+/g, '$1');
  assert.equal(order, '1234');
});

test('the message that is being written does not count as behind, however large it is', async () => {
  const { socket, queue } = createQueue();
  queue.push(message(50 * 1024 * 1024));
  await nextTurn();
  assert.equal(queue.waitingBytes, 0);
  queue.push(message(10));
  assert.equal(queue.waitingBytes, 16);
  const before = queue.progress;
  socket.drain();
  assert.ok(queue.progress > before, 'each fragment that is taken is a sign of life');
});

test('what a lost client cannot have got whole is given back, in order', async () => {
  const { queue } = createQueue();
  const large = message(5 * 1024 * 1024);
  const small = message(10);
  queue.push(large);
  await nextTurn();
  queue.push(small);
  assert.deepEqual(queue.end(), [large, small]);
  assert.equal(queue.waitingBytes, 0);
  queue.push(small);
  assert.equal(queue.waitingBytes, 0, 'an ended queue takes nothing');
});

test('a queue whose socket is gone does not write', async () => {
  const { socket, queue } = createQueue();
  socket.destroyed = true;
  queue.push(message(10));
  await nextTurn();
  assert.equal(socket.writes.length, 0);
});

const output = (sizeBytes: number) => ({ sizeBytes, isOutput: true, parent: Buffer.from('{}') });
const status = (sizeBytes: number) => ({ sizeBytes, isOutput: false, parent: Buffer.from('{}') });

test('what lost clients miss is kept in order until they are back', () => {
  const kept = new KeptMessages(() => 0, 100);
  assert.equal(kept.add('a', output(10)), false);
  assert.equal(kept.sizeBytes, 0, 'nothing is kept for who is not lost');
  kept.open('a');
  const messages = [1, 2, 3].map(output);
  for (const one of messages) kept.add('a', one);
  assert.equal(kept.sizeBytes, 6);
  assert.deepEqual(kept.take('a'), { messages });
  assert.equal(kept.take('a'), undefined);
  assert.equal(kept.sizeBytes, 0);
});

test('a message that several lost clients missed counts once', () => {
  const kept = new KeptMessages(() => 0, 100);
  for (const session of ['a', 'b', 'c']) kept.open(session);
  const shared = output(60);
  for (const session of ['a', 'b', 'c']) assert.equal(kept.add(session, shared), false);
  assert.equal(kept.sizeBytes, 60);
  for (const session of ['a', 'b', 'c']) assert.deepEqual(kept.take(session), { messages: [shared] });
  assert.equal(kept.sizeBytes, 0);
});

test('one message that is larger than the limit is kept, with what came before it', () => {
  const mebibyte = 1024 * 1024;
  const kept = new KeptMessages(() => 0, 2 * mebibyte);
  kept.open('a');
  const messages = [output(100), output(70 * mebibyte), output(100), status(10)];
  for (const one of messages) assert.equal(kept.add('a', one), false);
  assert.deepEqual(kept.take('a'), { messages });
});

test('over the limit the oldest outputs go, what tells how cells end stays, and the gap is told', () => {
  const kept = new KeptMessages(() => 0, 100);
  kept.open('a');
  kept.open('b');
  const first = status(1);
  const outputs = Array.from({ length: 30 }, () => output(10));
  const last = status(1);
  for (const one of [first, ...outputs, last]) {
    kept.add('a', one);
    kept.add('b', one);
  }
  assert.ok(kept.sizeBytes <= 100);
  const missed = kept.take('a');
  assert.ok(missed?.dropped !== undefined);
  assert.equal(missed.messages[0], first);
  assert.equal(missed.messages.at(-1), last);
  const { index, count, sizeBytes, parent } = missed.dropped;
  assert.equal(index, 1);
  assert.equal(sizeBytes, 10 * count);
  assert.equal(parent, outputs[0]?.parent);
  assert.deepEqual(missed.messages.slice(1, -1), outputs.slice(count));
  assert.deepEqual(kept.take('b'), missed);
  assert.equal(kept.sizeBytes, 0);
});

test('what is no output is bounded too', () => {
  const kept = new KeptMessages(() => 0, 100);
  kept.open('a');
  for (let turn = 0; turn < 1000; turn += 1) kept.add('a', status(10));
  assert.ok(kept.sizeBytes <= 100);
  const missed = kept.take('a');
  assert.equal((missed?.messages.length ?? 0) + (missed?.dropped?.count ?? 0), 1000);
});

test('what is kept for too long is dropped', () => {
  let now = 0;
  const kept = new KeptMessages(() => now, 100);
  kept.open('a');
  now = 1000;
  kept.open('b');
  now = keptForMs;
  assert.deepEqual(kept.expire(), ['a']);
  assert.deepEqual(kept.sessions, ['b']);
});

test('a reply goes to who asked, else to the session, else to nobody', () => {
  const routes = new ReplyRoutes();
  const header = (messageId: string, session: string) => ({
    messageId,
    session,
    messageType: 'execute_request',
  });
  routes.addSession('s', 'client');
  routes.addRequest(header('1', 's'), 'client');
  routes.addRequest(header('2', 'other session'), 'client');
  routes.addRequest(header('3', 't'), 'gateway');
  assert.equal(routes.find(header('1', 's')), 'client');
  assert.equal(routes.find(header('unknown', 's')), 'client');
  assert.equal(routes.find(header('unknown', 'other session')), 'client');
  assert.equal(routes.find(header('3', 's')), 'gateway', 'the request is more exact than the session');
  assert.equal(routes.find(header('unknown', 'unknown')), undefined);
  routes.forget('client');
  assert.equal(routes.find(header('1', 's')), undefined);
  assert.equal(routes.find(header('3', 't')), 'gateway');
});

test('a client that sends for ever does not make the routes grow', () => {
  const routes = new ReplyRoutes();
  for (let index = 0; index < 10_001; index += 1)
    routes.addRequest({ messageId: String(index), session: 's', messageType: 'x' }, 'client');
  routes.addRequest({ messageId: 'last', session: 's', messageType: 'x' }, 'other');
  assert.equal(routes.find({ messageId: '0', session: '', messageType: '' }), undefined);
  assert.equal(routes.find({ messageId: '10000', session: '', messageType: '' }), 'client');
});

test('what waits for a restart is bounded and given in order', () => {
  const held = new HeldMessages();
  const empty = Buffer.alloc(0);
  const one = (size: number) => ({
    channel: 'shell' as const,
    parts: [empty, empty, empty, empty, Buffer.alloc(size)] as const,
    header: { messageId: '', messageType: '', session: '' },
  });
  const first = one(1);
  const second = one(65 * 1024 * 1024);
  assert.ok(held.add(first));
  assert.ok(held.add(second));
  assert.equal(held.add(one(1)), false);
  assert.deepEqual(held.take(), [first, second]);
  assert.deepEqual(held.take(), []);
  assert.ok(held.add(one(1)));
});

test('a drain that comes after the end of a queue does nothing', async () => {
  const { socket, queue } = createQueue();
  queue.push(message(5_000_000));
  await nextTurn();
  queue.end();
  const { length } = socket.writes;
  socket.drain();
  assert.equal(socket.writes.length, length);
});

test('every 64 KiB that a slow link takes is a sign of life', async () => {
  const { socket, queue } = createQueue();
  queue.push(message(3_000_000));
  await nextTurn();
  assert.ok(socket.writableLength <= 2 * 65_700, 'no more is handed over than a slow link takes in time');
  const before = queue.progress;
  socket.drain();
  assert.ok(queue.progress - before <= 2 * 65_700);
  assert.ok(queue.progress > before);
});

test('a socket that takes every write at once does not make the stack grow', async () => {
  const { socket, queue } = createQueue();
  queue.push(message(64 * 1024 * 1024));
  await nextTurn();
  while (socket.writableLength > 0) socket.drain();
  assert.ok(socket.received.length > 64 * 1024 * 1024);
});
