import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toItems } from '../../../src/extension/notebooks/outputs/mime-items';

describe('the items of a bundle', () => {
  test('stand richest first, and plain text last', () => {
    const mimes = toItems({
      'text/plain': 'p',
      'image/png': '',
      'text/html': 'h',
      'application/x-unknown': 'u',
      'application/vnd.plotly.v1+json': {},
      'image/svg+xml': '<svg/>',
      'text/markdown': 'm',
      'application/json': {},
    }).map(({ mime }) => mime);
    assert.deepEqual(mimes, [
      'application/vnd.plotly.v1+json',
      'text/html',
      'image/svg+xml',
      'image/png',
      'text/markdown',
      'application/json',
      'application/x-unknown',
      'text/plain',
    ]);
  });

  const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
  const cases = [
    ['an image in base64 becomes bytes', 'image/png', bytes.toString('base64'), bytes],
    ['base64 with line ends becomes bytes', 'image/jpeg', 'iVBO\nRw==\n', bytes],
    ['base64 in several lines becomes bytes', 'image/gif', ['iVBO', 'Rw=='], bytes],
    ['a drawing stays text', 'image/svg+xml', ['<svg>', '</svg>'], '<svg></svg>'],
    ['lines are joined', 'text/html', ['<b>\n', '</b>'], '<b>\n</b>'],
    ['an object becomes JSON', 'application/json', { a: [1, null] }, '{"a":[1,null]}'],
    ['a vendor’s object becomes JSON', 'application/vnd.x+json', { b: 'c' }, '{"b":"c"}'],
    ['a text of a JSON type is JSON', 'application/json', 'text', '"text"'],
    ['a list of a JSON type is not joined', 'application/json', ['a', 'b'], '["a","b"]'],
    ['an object of a type that is text becomes readable', 'text/plain', { a: 1 }, '{"a":1}'],
    ['PDF stays base64, as in the file', 'application/pdf', 'JVBERg==', 'JVBERg=='],
  ] as const;
  for (const [what, mime, value, expected] of cases) {
    test(`are converted: ${what}`, () => {
      const [item] = toItems({ [mime]: value });
      assert.equal(item?.mime, mime);
      assert.deepEqual(item.data, expected);
    });
  }

  test('leave out what is null', () => {
    assert.deepEqual(toItems({ 'text/html': null, 'text/plain': '' }), [{ mime: 'text/plain', data: '' }]);
  });
});
