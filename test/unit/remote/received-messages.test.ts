import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReceivedMessages } from '../../../src/extension/remote/received-messages';
import {
  encodeChannelMessage,
  maxUnconfirmedMessages,
  receiverQuery,
} from '../../../src/protocol/kernel-channels';

function frame(header: unknown): ArrayBuffer {
  const parts = [header, {}, {}, {}].map((part) => Buffer.from(JSON.stringify(part)));
  const [first, parent, metadata, content] = parts as [Buffer, Buffer, Buffer, Buffer];
  const bytes = Buffer.concat(
    encodeChannelMessage({ channel: 'iopub', parts: [first, parent, metadata, content] }),
  );
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

const named = (id: string) => frame({ msg_id: id, msg_type: 'stream' });

test('what comes again over another connection is a repeat, however often it does', () => {
  const received = new ReceivedMessages();
  const first = received.beginConnection();
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => first(named(id))),
    [false, false, false],
  );
  const second = received.beginConnection();
  assert.deepEqual(
    ['b', 'c', 'd'].map((id) => second(named(id))),
    [true, true, false],
  );
  const third = received.beginConnection();
  assert.deepEqual(
    ['c', 'd', 'e'].map((id) => third(named(id))),
    [true, true, false],
  );
});

test('of ids without end no more than a little is remembered, and they are told apart', () => {
  const received = new ReceivedMessages();
  const [one, other] = ['1', '2'].map((end) => named('x'.repeat(100_000) + end));
  const first = received.beginConnection();
  assert.equal(first(one), false);
  const second = received.beginConnection();
  assert.deepEqual([second(one), second(other)], [true, false]);
});

test('messages of one connection are never taken for each other', () => {
  const isRepeat = new ReceivedMessages().beginConnection();
  const messages = [named('a'), named('a'), frame({}), frame({}), frame({ msg_id: '' }), frame(7)];
  assert.deepEqual(
    messages.map(isRepeat),
    messages.map(() => false),
  );
});

test('what is no message of the protocol is no repeat', () => {
  const received = new ReceivedMessages();
  for (let connection = 0; connection < 2; connection += 1) {
    const isRepeat = received.beginConnection();
    for (const data of ['{"header":{"msg_id":"a"}}', new ArrayBuffer(3), undefined, frame({ msg_id: '' })])
      assert.equal(isRepeat(data), false);
  }
});

test('everything that can be on the way at once is remembered, and not everything for ever', () => {
  const received = new ReceivedMessages();
  const first = received.beginConnection();
  const count = 5 * maxUnconfirmedMessages;
  for (let index = 0; index < count; index += 1) first(named(String(index)));
  const second = received.beginConnection();
  for (let index = count - maxUnconfirmedMessages; index < count; index += 1)
    assert.equal(second(named(String(index))), true);
  assert.equal(received.beginConnection()(named('0')), false);
});

test('the keeper is told who remembers: the same at each connection, and another one for each', () => {
  const url = 'ws://localhost/api/kernels/1/channels?session_id=2';
  const [one, other] = [new ReceivedMessages(), new ReceivedMessages()];
  const name = new URL(one.addressFor(url)).searchParams.get(receiverQuery);
  assert.equal(one.addressFor(url), `${url}&${receiverQuery}=${name}`);
  assert.equal(one.addressFor(url), one.addressFor(url));
  assert.notEqual(one.addressFor(url), other.addressFor(url));
});
