import assert from 'node:assert/strict';
import test from 'node:test';
import {
  decodeMessage,
  encodeCall,
  maxMessageBytes,
  messageSize,
} from '../../../../src/daemon/front-door/avahi/d-bus-message';
import { recordedMessages } from '../../../fixtures/d-bus/recorded-messages';

const bytesOf = (name: keyof typeof recordedMessages) => Buffer.from(recordedMessages[name], 'hex');

const readings: readonly [keyof typeof recordedMessages, object][] = [
  ['helloReturn', { kind: 'return', replySerial: 1, sender: 'org.freedesktop.DBus', body: [':1.6'] }],
  [
    'nameHasNoOwner',
    {
      kind: 'error',
      replySerial: 2,
      errorName: 'org.freedesktop.DBus.Error.NameHasNoOwner',
      body: ["Could not get owner of name 'org.nobody': no such name"],
    },
  ],
  [
    'nameOwnerChanged',
    {
      kind: 'signal',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member: 'NameOwnerChanged',
      body: [':1.6', '', ':1.6'],
    },
  ],
  [
    'groupEstablished',
    {
      kind: 'signal',
      sender: ':1.0',
      path: '/Client4/EntryGroup1',
      interface: 'org.freedesktop.Avahi.EntryGroup',
      member: 'StateChanged',
      body: [2, 'org.freedesktop.Avahi.Success'],
    },
  ],
  [
    'serverRegistering',
    { kind: 'signal', sender: ':1.0', path: '/', interface: 'org.freedesktop.Avahi.Server', replySerial: 0 },
  ],
  [
    'addService',
    {
      kind: 'call',
      serial: 11,
      member: 'AddService',
      body: [
        ...[-1, -1, 0, 'lab-7', '_remote-kernels._tcp', '', '', 7443],
        [Buffer.from('txtvers=1'), Buffer.from('id=0123')],
      ],
    },
  ],
];

for (const [name, expected] of readings)
  test(`the recorded message ${name} is read as what it says`, () => {
    const bytes = bytesOf(name);
    assert.equal(messageSize(bytes), bytes.length);
    const message = decodeMessage(bytes);
    assert.deepEqual({ ...message, ...expected }, message);
  });

test('a call has the bytes that libavahi-client sends for it', () => {
  const recorded = bytesOf('addService');
  const { body } = decodeMessage(recorded);
  const made = encodeCall(
    {
      destination: 'org.freedesktop.Avahi',
      path: '/Client4/EntryGroup1',
      interface: 'org.freedesktop.Avahi.EntryGroup',
      member: 'AddService',
      signature: 'iiussssqaay',
      arguments: body,
    },
    11,
  );
  assert.equal(messageSize(made), made.length);
  const bodyBytes = recorded.readUInt32LE(4);
  assert.deepEqual(made.subarray(-bodyBytes), recorded.subarray(-bodyBytes));
  // The sender is written by the bus.
  assert.deepEqual(decodeMessage(made), { ...decodeMessage(recorded), sender: '' });
});

test('a call starts no program that does not run', () => {
  const call = { destination: 'a.b', path: '/', interface: 'a.b', member: 'C', signature: '', arguments: [] };
  assert.equal(encodeCall(call, 1)[2], 2);
});

test('a message is whole only with its last byte', () => {
  const bytes = bytesOf('groupEstablished');
  for (let size = 0; size < 16; size += 1) assert.equal(messageSize(bytes.subarray(0, size)), undefined);
  for (let size = 16; size < bytes.length; size += 1) {
    assert.equal(messageSize(bytes.subarray(0, size)), bytes.length);
    assert.throws(() => decodeMessage(bytes.subarray(0, size)));
  }
});

test('a message larger than any of the protocol, and what is none, are refused at once', () => {
  const long = bytesOf('groupEstablished');
  long.writeUInt32LE(maxMessageBytes, 4);
  assert.ok((messageSize(long) ?? 0) > maxMessageBytes);
  long.writeUInt32LE(128 * 1024 * 1024, 4);
  assert.throws(() => messageSize(long), /too long/);
  assert.throws(() => messageSize(Buffer.from('HTTP/1.1 400 Bad Request')), /no D-Bus message/);
});

test('no damage to a byte is taken for more than a message or an error', () => {
  for (const name of Object.keys(recordedMessages) as (keyof typeof recordedMessages)[]) {
    const bytes = bytesOf(name);
    for (let at = 0; at < bytes.length; at += 1)
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        try {
          decodeMessage(damaged);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }
  }
});
