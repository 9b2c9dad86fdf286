import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { expectParsed } from '../../../src/base/parse';
import {
  decodeChannelMessage,
  encodeChannelMessage,
  type ChannelMessage,
} from '../../../src/protocol/kernel-channels';
import { decodeJsonMessage, encodeJsonMessage } from '../../../src/protocol/kernel-channels-json';

/** One message as `jupyter_server` 2.21 writes it in both protocols (`serialize_msg_to_ws_v1`, `serialize_binary_message`). */
interface Fixture {
  readonly channel: string;
  readonly header: unknown;
  readonly parent_header: unknown;
  readonly metadata: unknown;
  readonly content: unknown;
  readonly buffers: readonly string[];
  readonly v1: string;
  readonly json: { readonly text?: string; readonly base64?: string };
}

const folder = join(__dirname, '../../fixtures/protocol/kernel-channels');
const names = readdirSync(folder);

function expectMessage(message: ChannelMessage, fixture: Fixture): void {
  const [header, parent, metadata, content, ...buffers] = message.parts;
  const read = (part: Uint8Array): unknown => JSON.parse(Buffer.from(part).toString('utf8'));
  assert.equal(message.channel, fixture.channel);
  assert.deepEqual(read(header), fixture.header);
  assert.deepEqual(read(parent), fixture.parent_header);
  assert.deepEqual(read(metadata), fixture.metadata);
  assert.deepEqual(read(content), fixture.content);
  assert.deepEqual(
    buffers.map((buffer) => Buffer.from(buffer).toString('base64')),
    fixture.buffers,
  );
}

test('there are fixtures of each channel', () => assert.ok(names.length >= 5));

for (const name of names) {
  const fixture = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Fixture;
  const v1 = Buffer.from(fixture.v1, 'base64');
  const json = fixture.json.text ?? Buffer.from(fixture.json.base64 ?? '', 'base64');

  test(`${name}: jupyter_server’s frame in v1 is understood, and ours is the same to the byte`, () => {
    const message = expectParsed(decodeChannelMessage(v1));
    expectMessage(message, fixture);
    assert.deepEqual(Buffer.concat(encodeChannelMessage(message)), v1);
  });

  test(`${name}: jupyter_server’s message in the older protocol is understood, and ours says the same`, () => {
    const message = expectParsed(decodeJsonMessage(json));
    expectMessage(message, fixture);
    const ours = encodeJsonMessage(message);
    assert.equal(typeof ours, typeof json);
    expectMessage(expectParsed(decodeJsonMessage(ours)), fixture);
  });
}

test('a cut or mangled frame is refused and never throws', () => {
  for (const name of names) {
    const fixture = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Fixture;
    const v1 = Buffer.from(fixture.v1, 'base64');
    for (let length = 0; length < 64; length += 1)
      assert.equal(decodeChannelMessage(v1.subarray(0, length)).ok, false);
    for (let index = 0; index < 64; index += 1) {
      const mangled = Buffer.from(v1);
      mangled[index] = (mangled[index] ?? 0) ^ 0xff;
      const result = decodeChannelMessage(mangled);
      assert.equal(typeof result.ok, 'boolean');
    }
  }
});
