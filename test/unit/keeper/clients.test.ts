import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { silentLogger } from '../../../src/base/logger';
import { Clients } from '../../../src/daemon/keeper/clients';

/** The side of a WebSocket that a connection uses, of a client that confirms nothing. */
class SilentWebSocket extends EventEmitter {
  ping(): void {
    // It is never answered.
  }
  terminate(): void {
    this.emit('close', 1006);
  }
  close(): void {
    this.emit('close', 1000);
  }
}

/** A client of one session that is lost and comes back as the test says. */
class ReturningClient {
  private readonly clients = new Clients(
    { onMessage: () => true, isDead: () => false, onCountChange: () => undefined },
    silentLogger,
  );
  private webSocket = new SilentWebSocket();
  private socket = new PassThrough();

  connect(receiver: string | undefined): void {
    this.webSocket = new SilentWebSocket();
    this.socket = new PassThrough();
    const manner = { protocol: 'v1', ...(receiver === undefined ? {} : { receiver }) } as const;
    this.clients.accept(this.webSocket as unknown as WebSocket, this.socket, manner, 'session');
  }

  /** The kernel publishes this. */
  publish(text: string): void {
    const part = Buffer.from('{}');
    this.clients.deliver({
      channel: 'iopub',
      parts: [part, part, part, Buffer.from(`<${text}>`)],
    });
  }

  /** What was written to the connection, which is done at the end of a turn. */
  async written(): Promise<string[]> {
    await nextTurn();
    const bytes: unknown = this.socket.read();
    const text = Buffer.isBuffer(bytes) ? bytes.toString('latin1') : '';
    return [...text.matchAll(/<(\w+)>/g)].map(([, name = '']) => name);
  }

  lose(): void {
    this.webSocket.emit('close', 1006);
  }

  dispose(): void {
    this.clients.dispose();
  }
}

for (const { who, receiver, isKnown } of [
  { who: 'one that remembers it', receiver: 'window', isKnown: true },
  { who: 'one that could not tell it from what it had read', receiver: 'reloaded window', isKnown: false },
  { who: 'one that remembers nothing', receiver: undefined, isKnown: false },
])
  for (const isWrittenAgain of [false, true])
    test(`what may have been read two connections ago, ${isWrittenAgain ? 'and again' : 'but not'} over the last one, ${isKnown ? 'is sent again' : 'is not sent'} to ${who}`, async () => {
      const client = new ReturningClient();
      client.connect('window');
      client.publish('first');
      assert.deepEqual(await client.written(), ['first']);
      client.lose();
      client.connect('window');
      client.publish('second');
      if (isWrittenAgain) assert.deepEqual(await client.written(), ['first', 'second']);
      client.lose();
      client.publish('third');
      client.connect(receiver);
      // The second message cannot have been read when nothing was written to the last connection.
      const unread = isWrittenAgain ? ['third'] : ['second', 'third'];
      assert.deepEqual(await client.written(), isKnown ? ['first', 'second', 'third'] : unread);
      client.dispose();
    });

test('what another window could not tell from what was read is only what the window before it may have read', async () => {
  const client = new ReturningClient();
  client.connect('window');
  client.publish('first');
  await client.written();
  client.lose();
  client.connect('second window');
  client.publish('second');
  assert.deepEqual(await client.written(), ['second']);
  client.lose();
  client.publish('third');
  client.connect('second window');
  client.lose();
  client.connect('third window');
  assert.deepEqual(await client.written(), ['third']);
  client.dispose();
});
