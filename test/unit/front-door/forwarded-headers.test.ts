import assert from 'node:assert/strict';
import test from 'node:test';
import { endToEndHeaders, framingOf } from '../../../src/daemon/front-door/forwarded-headers';
import { headers } from '../../../src/protocol/agent';

/** A message as Node gives it. */
function message(...pairs: readonly (readonly [string, string])[]) {
  const byName: Record<string, string> = {};
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    byName[lower] = lower in byName ? `${byName[lower] ?? ''}, ${value}` : value;
  }
  return { rawHeaders: pairs.flat(), headers: byName };
}

const dropped = [
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Authorization',
  'AUTHORIZATION',
  'Expect',
  'Content-Length',
  headers.doorKey,
  'X-Remote-Kernels-Door-Key',
];

for (const name of dropped) {
  test(`${name} is not forwarded`, () => {
    const kept = endToEndHeaders(message(['Host', 'lab-7'], [name, 'x'], ['Accept', '*/*']));
    assert.deepEqual(kept, ['Host', 'lab-7', 'Accept', '*/*']);
  });
}

test('what Connection names is not forwarded, whatever its case, but Host always is', () => {
  const kept = endToEndHeaders(
    message(
      ['Connection', 'close, X-Private , host'],
      ['Host', 'lab-7'],
      ['x-private', 'x'],
      ['Accept', 'y'],
    ),
  );
  assert.deepEqual(kept, ['Host', 'lab-7', 'Accept', 'y']);
});

test('naming the framing in Connection does not take it away', () => {
  const posted = message(['Connection', 'content-length'], ['Content-Length', '5']);
  assert.deepEqual([...endToEndHeaders(posted), ...framingOf(posted)], ['Content-Length', '5']);
});

test('order, case and repetition of the others stay', () => {
  const pairs = [
    ['Set-Cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['X-Remote-Kernels-Client', 'e30'],
    ['Sec-WebSocket-Protocol', 'v1.kernel.websocket.jupyter.org'],
  ] as const;
  assert.deepEqual(endToEndHeaders(message(...pairs)), pairs.flat());
});

test('the body is delimited on the next hop as on this one', () => {
  assert.deepEqual(framingOf(message()), []);
  assert.deepEqual(framingOf(message(['Content-Length', '0'])), ['Content-Length', '0']);
  assert.deepEqual(framingOf(message(['Transfer-Encoding', 'chunked'])), ['Transfer-Encoding', 'chunked']);
});
