import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toVisibleJson } from '../../../src/daemon/command-line/visible-json';

test('JSON on a terminal is the same value without anything that a terminal acts on', () => {
  const value = { name: 'a\u0007\u007f\u009b31mb\u202ec\u2066d\u2028\u200fe – ä 😀' };
  const text = toVisibleJson(value);
  assert.deepEqual(JSON.parse(text), value);
  assert.equal(text, '{"name":"a\\u0007\\u007f\\u009b31mb\\u202ec\\u2066d\\u2028\\u200fe – ä 😀"}');
});
