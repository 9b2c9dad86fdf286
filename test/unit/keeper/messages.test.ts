import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { MessageSigner } from '../../../src/daemon/keeper/message-signer';
import {
  canBeStatus,
  createMessage,
  fromFrames,
  readHeader,
  toFrames,
} from '../../../src/daemon/keeper/wire-messages';
import type { MessageParts } from '../../../src/protocol/kernel-channels';

const key = 'a0436f6c-1916-498b-8eb9-e81ab9368e84';
const parts: MessageParts = [
  Buffer.from('{"msg_id":"1","msg_type":"status","session":"s"}'),
  Buffer.from('{}'),
  Buffer.from('{}'),
  Buffer.from('{"execution_state":"idle"}'),
  Buffer.from([0, 1, 2, 255]),
];

test('a signature is HMAC-SHA256 over the four parts, without the buffers', () => {
  const expected = createHmac('sha256', key)
    .update(Buffer.concat(parts.slice(0, 4)))
    .digest('hex');
  const signer = new MessageSigner(key);
  assert.equal(signer.sign(parts), expected);
  assert.equal(signer.sign([parts[0], parts[1], parts[2], parts[3]]), expected);
});

test('what is framed comes back as it was, uncopied, whatever routing frames are before it', () => {
  const signer = new MessageSigner(key);
  const frames = toFrames(parts, signer).map((frame) => Buffer.from(frame));
  for (const before of [[], [Buffer.from('kernel.1.status')], [Buffer.from('id'), Buffer.alloc(0)]]) {
    const received = fromFrames([...before, ...frames], signer);
    assert.ok(received.kind === 'message');
    assert.deepEqual(received.parts, parts);
    assert.equal(received.parts[4], frames.at(-1));
  }
});

test('every wrong signature is found, and every malformed message', () => {
  const signer = new MessageSigner(key);
  const right = toFrames(parts, signer).map((frame) => Buffer.from(frame));
  const signed = (signature: Buffer) => [Buffer.from('<IDS|MSG>'), signature, ...right.slice(2)];
  const changed = Buffer.from(right[1] ?? '');
  changed[63] = changed[63] === 0x30 ? 0x31 : 0x30;
  const wrong: Buffer[] = [
    Buffer.alloc(0),
    Buffer.from('0'.repeat(64)),
    changed,
    changed.subarray(0, 63),
    Buffer.concat([right[1] ?? changed, Buffer.from('0')]),
    Buffer.from(right[1]?.toString('latin1').toUpperCase() ?? ''),
  ];
  let found = 0;
  for (const signature of wrong)
    if (fromFrames(signed(signature), signer).kind === 'bad-signature') found += 1;
  assert.equal(found, wrong.length);
  assert.equal(fromFrames(right, new MessageSigner('another key')).kind, 'bad-signature');
  for (const malformed of [[], [Buffer.from('x')], right.slice(0, 5), right.slice(1)])
    assert.equal(fromFrames(malformed, signer).kind, 'malformed');
  const swapped = [...right];
  swapped[5] = Buffer.from('{"execution_state":"busy"}');
  assert.equal(fromFrames(swapped, signer).kind, 'bad-signature');
});

test('a status message is recognised with and without spaces, and nothing else is taken for one', () => {
  assert.ok(canBeStatus(Buffer.from('{"msg_type": "status"}')));
  assert.ok(canBeStatus(Buffer.from('{"msg_type":"status","date":""}')));
  assert.equal(canBeStatus(Buffer.from('{"msg_type":"stream"}')), false);
});

test('a header that is no header is no reason to fail', () => {
  assert.deepEqual(readHeader(Buffer.from('{}')), { messageId: '', messageType: '', session: '' });
  assert.deepEqual(readHeader(Buffer.from('{"msg_id":7}')), { messageId: '', messageType: '', session: '' });
  for (const text of ['', '{', 'null', '"text"']) assert.equal(readHeader(Buffer.from(text)), undefined);
});

test('a message of the keeper has what a header needs', () => {
  const { messageId, parts: made } = createMessage('status', { execution_state: 'dead' }, 'session');
  const header = JSON.parse(Buffer.from(made[0]).toString()) as Record<string, string>;
  assert.equal(header['msg_id'], messageId);
  assert.deepEqual(Object.keys(header).sort(), [
    'date',
    'msg_id',
    'msg_type',
    'session',
    'username',
    'version',
  ]);
  assert.equal(new Date(header['date'] ?? '').toISOString(), header['date']);
});
