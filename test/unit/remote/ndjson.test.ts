import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineReader, readLines } from '../../../src/extension/remote/ndjson';

const text = '{"a":"ä€😀"}\n\n{"b":2}\r\n  {"c":3}\n{"last":true}';
const expected = ['{"a":"ä€😀"}', '{"b":2}', '{"c":3}', '{"last":true}'];

test('lines are the same wherever the chunks begin and end, also inside a character', () => {
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size += 1) {
    const reader = new LineReader();
    const lines: string[] = [];
    for (let start = 0; start < bytes.length; start += size)
      lines.push(...reader.push(bytes.subarray(start, start + size)));
    lines.push(...reader.end());
    assert.deepEqual(lines, expected, `chunks of ${size}`);
  }
});

test('a line of the limit passes, one byte more does not, and nothing of it is kept', () => {
  const reader = new LineReader(10);
  assert.deepEqual(reader.push(Buffer.from('0123456789\n')), ['0123456789']);
  reader.push(Buffer.from('01234'));
  assert.throws(() => reader.push(Buffer.from('567890')), /more than 10 bytes/);
});

test('a huge line in small pieces is put together once', () => {
  const reader = new LineReader();
  const piece = Buffer.alloc(4096, 'x');
  for (let index = 0; index < 1500; index += 1) assert.deepEqual(reader.push(piece), []);
  const [line] = reader.push(Buffer.from('\n'));
  assert.equal(line?.length, 1500 * 4096);
});

test('every chunk is a sign of life, and leaving early lets go of the stream', async () => {
  let signs = 0;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(Buffer.from('{"event":"pi'));
      controller.enqueue(Buffer.from('ng"}\n'));
    },
    cancel() {
      isCancelled = true;
    },
  });
  for await (const line of readLines(body, () => (signs += 1))) {
    assert.equal(line, '{"event":"ping"}');
    break;
  }
  assert.equal(signs, 2);
  assert.equal(isCancelled, true);
});
