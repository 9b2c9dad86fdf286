import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { OutgoingMessage } from '../../../src/daemon/keeper/outgoing-message';
import {
  encodeMessage,
  fragmentBytes,
  smallMessageBytes,
  writeSmall,
  type EncodedMessage,
} from '../../../src/daemon/keeper/web-socket-frames';
import { expectParsed } from '../../../src/base/parse';
import { decodeChannelMessage, type ChannelMessage } from '../../../src/protocol/kernel-channels';
import { decodeJsonMessage } from '../../../src/protocol/kernel-channels-json';

interface Frame {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Reads unmasked frames as RFC 6455 §5.2 describes them. */
function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let position = 0; position < bytes.length;) {
    const first = bytes.readUInt8(position);
    const short = bytes.readUInt8(position + 1);
    assert.equal(short & 0x80, 0, 'a server does not mask');
    assert.equal(first & 0x70, 0, 'no extension is used');
    const [headBytes, length] =
      short < 126
        ? [2, short]
        : short === 126
          ? [4, bytes.readUInt16BE(position + 2)]
          : [10, Number(bytes.readBigUInt64BE(position + 2))];
    const payload = bytes.subarray(position + headBytes, position + headBytes + length);
    frames.push({ isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, payload });
    position += headBytes + length;
  }
  return frames;
}

function toBytes(encoded: EncodedMessage): Buffer {
  if (encoded.kind === 'large') return Buffer.concat(encoded.frames.flat());
  const bytes = Buffer.alloc(encoded.frameBytes + 3);
  writeSmall(encoded, bytes, 3);
  return bytes.subarray(3);
}

const sizes = [
  0,
  1,
  125,
  126,
  127,
  65_535,
  65_536,
  smallMessageBytes,
  smallMessageBytes + 1,
  fragmentBytes,
  fragmentBytes + 1,
  3 * fragmentBytes + 7,
];

for (const size of sizes) {
  test(`a message of ${size} bytes in several pieces is one message again`, () => {
    const whole = randomBytes(size);
    const cut = Math.floor(size / 3);
    const pieces = [
      whole.subarray(0, cut),
      Buffer.alloc(0),
      whole.subarray(cut, cut + 1),
      whole.subarray(cut + 1),
    ];
    const encoded = encodeMessage('binary', pieces);
    assert.equal(encoded.kind, size > smallMessageBytes ? 'large' : 'small');
    const frames = readFrames(toBytes(encoded));
    assert.ok(Buffer.concat(frames.map((frame) => frame.payload)).equals(whole));
    assert.deepEqual(
      frames.map((frame) => frame.isFinal),
      frames.map((_frame, index) => index === frames.length - 1),
    );
    assert.deepEqual(
      frames.map((frame) => frame.opcode),
      frames.map((_frame, index) => (index === 0 ? 2 : 0)),
    );
    for (const frame of frames) assert.ok(frame.payload.length <= Math.max(fragmentBytes, smallMessageBytes));
  });
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const messages: readonly ChannelMessage[] = [
  {
    channel: 'iopub',
    parts: [json({ msg_id: 'a', msg_type: 'status' }), json({}), json({}), json({ n: 'ünïcödé ✓' })],
  },
  {
    channel: 'shell',
    parts: [
      json({ msg_id: 'b', msg_type: 'x' }),
      json({ msg_id: 'p' }),
      json({ m: 1 }),
      json({}),
      randomBytes(9),
      Buffer.alloc(0),
    ],
  },
  {
    channel: 'stdin',
    parts: [
      json({ msg_id: 'c', msg_type: 'y' }),
      json({}),
      json({}),
      json({ text: 'x'.repeat(200_000) }),
      randomBytes(2_000_000),
    ],
  },
];

for (const message of messages) {
  test(`a message on ${message.channel} with ${message.parts.length - 4} buffers goes round in both protocols`, () => {
    const outgoing = new OutgoingMessage(message);
    const v1 = readFrames(toBytes(outgoing.encodedFor('v1')));
    assert.equal(v1[0]?.opcode, 2);
    const fromV1 = expectParsed(decodeChannelMessage(Buffer.concat(v1.map((frame) => frame.payload))));
    assert.equal(fromV1.channel, message.channel);
    assert.deepEqual(
      fromV1.parts.map((part) => Buffer.from(part)),
      message.parts,
    );
    const old = readFrames(toBytes(outgoing.encodedFor('json')));
    const payload = Buffer.concat(old.map((frame) => frame.payload));
    assert.equal(old[0]?.opcode, message.parts.length > 4 ? 2 : 1);
    const fromJson = expectParsed(
      decodeJsonMessage(message.parts.length > 4 ? payload : payload.toString('utf8')),
    );
    assert.equal(fromJson.channel, message.channel);
    assert.deepEqual(
      fromJson.parts.map((part) => Buffer.from(part)),
      message.parts,
    );
    assert.equal(outgoing.encodedFor('v1'), outgoing.encodedFor('v1'), 'it is encoded once');
    assert.equal(
      outgoing.sizeBytes,
      message.parts.reduce((sum, part) => sum + part.byteLength, 0),
    );
  });
}
