import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostTelling, toConnectionError } from '../../../src/extension/transports/connection-errors';
import { ConnectionError } from '../../../src/extension/transports/transport';
import { readRetryAfter } from '../../../src/extension/transports/tls/front-door';

const withCode = (code: string) => Object.assign(new Error(code), { code });

for (const [thrown, code] of [
  [withCode('ENOTFOUND'), 'name-not-found'],
  [withCode('EAI_AGAIN'), 'name-not-found'],
  [withCode('ECONNREFUSED'), 'unreachable'],
  [withCode('EHOSTUNREACH'), 'unreachable'],
  [withCode('ENETUNREACH'), 'unreachable'],
  [withCode('ETIMEDOUT'), 'no-answer'],
  [withCode('ECONNRESET'), 'no-answer'],
  [withCode('ERR_SSL_WRONG_VERSION_NUMBER'), 'not-a-daemon'],
  [withCode('HPE_INVALID_CONSTANT'), 'not-a-daemon'],
  [new DOMException('slow', 'TimeoutError'), 'no-answer'],
  [new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') }), 'unreachable'],
  [new TypeError('fetch failed', { cause: new ConnectionError('key-changed', 'x') }), 'key-changed'],
  ['a string', 'internal'],
] as const) {
  test(`${String(thrown)} means ${code}`, () => {
    assert.equal(toConnectionError(thrown).code, code);
  });
}

test('what the person ended is cancelled, whatever broke by it', () => {
  assert.equal(toConnectionError(withCode('ECONNRESET'), {}, AbortSignal.abort()).code, 'cancelled');
  const known = new ConnectionError('key-changed', 'x');
  assert.equal(toConnectionError(known, {}, AbortSignal.abort()), known);
});

test('of several failures the one that tells most is reported', () => {
  const errors = (['name-not-found', 'unreachable', 'key-changed', 'no-answer'] as const).map(
    (code) => new ConnectionError(code, code),
  );
  assert.equal(mostTelling(errors)?.code, 'key-changed');
  assert.equal(mostTelling(errors.slice(0, 2))?.code, 'unreachable');
  assert.equal(mostTelling([]), undefined);
});

for (const [value, timeMs] of [
  ['30', 30_000],
  ['0', 0],
  ['999999999', 3_600_000],
  ['Thu, 01 Jan 1970 00:01:40 GMT', 90_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['soon', 30_000],
  ['-5', 30_000],
  [null, 30_000],
] as const) {
  test(`Retry-After ${String(value)} is ${timeMs} ms`, () => {
    assert.equal(readRetryAfter(value, 10_000), timeMs);
  });
}
