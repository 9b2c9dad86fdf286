import assert from 'node:assert/strict';
import test from 'node:test';
import { busName, DBusConnection } from '../../../../src/daemon/front-door/avahi/d-bus-connection';
import { maxMessageBytes } from '../../../../src/daemon/front-door/avahi/d-bus-message';
import { BusInMemory, messageBytes } from './bus-in-memory';

const signalWith = (words: string) =>
  messageBytes({
    ...{ kind: 'signal', sender: ':1.66', replySerial: 0, path: '/', interface: 'a.b', member: 'C' },
    signature: 's',
    body: [words],
  });

/** A connection, with the words of the signals that it hears and the errors that end it. */
function connection(bus: BusInMemory) {
  const connection = new DBusConnection(bus);
  const heard: unknown[] = [];
  const ends: string[] = [];
  connection.onSignal(({ body }) => heard.push(body[0]));
  connection.onClosed(({ message }) => ends.push(message));
  connection.start();
  return { connection, heard, ends };
}

const large = signalWith('x'.repeat(maxMessageBytes));

for (const pieceBytes of [large.length * 3, 64 * 1024, 1_021])
  test(`what comes before and after a message too large to be read is heard, in pieces of ${pieceBytes} bytes`, () => {
    const bus = new BusInMemory();
    const { heard, ends } = connection(bus);
    const all = [signalWith('before'), large, signalWith('between'), large, large, signalWith('after')];
    bus.passOn(Buffer.concat(all), pieceBytes);
    assert.deepEqual(heard, ['before', 'between', 'after']);
    assert.deepEqual(ends, []);
  });

test('a call is answered although a message too large to be read comes before the answer', async (t) => {
  const bus = new BusInMemory(({ serial }, self) => {
    self.passOn(large);
    const answer = { kind: 'return', sender: busName, replySerial: serial, path: '', interface: '' } as const;
    self.passOn(messageBytes({ ...answer, member: '', signature: 's', body: [':1.7'] }));
  });
  const { connection: client } = connection(bus);
  t.after(() => client.dispose());
  assert.deepEqual(await client.callBus('GetNameOwner', 's', ['a.b']), [':1.7']);
});

const endings: readonly [what: string, damage: (bytes: Buffer) => void, words: RegExp][] = [
  ['larger than the protocol allows', (bytes) => bytes.writeUInt32LE(128 * 1024 * 1024, 4), /too long/],
  ['of another version of the protocol', (bytes) => bytes.writeUInt8(2, 3), /version 2/],
  ['that is none', (bytes) => bytes.write('HTTP/1.1'), /no D-Bus message/],
];

for (const [what, damage, words] of endings)
  test(`a message ${what} ends the connection`, () => {
    const bus = new BusInMemory();
    const { heard, ends } = connection(bus);
    const damaged = signalWith('damaged');
    damage(damaged);
    bus.passOn(Buffer.concat([large, signalWith('before'), damaged]));
    assert.deepEqual(heard, ['before']);
    assert.equal(ends.length, 1);
    assert.match(ends[0] ?? '', words);
    assert.ok(bus.destroyed);
  });
