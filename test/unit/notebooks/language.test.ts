import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toCodePointOffset, toCodeUnitOffset } from '../../../src/extension/notebooks/language/code-points';
import { readCompletions } from '../../../src/extension/notebooks/language/completion';
import { readInspection } from '../../../src/extension/notebooks/language/inspection';

describe('positions in code', () => {
  for (const [text, units, points] of [
    ['abc', 2, 2],
    ['😀b', 2, 1],
    ['😀b', 3, 2],
    ['a😀😀', 5, 3],
    ['abc', 0, 0],
  ] as const) {
    test(`${units} code units of ${text} are ${points} code points, and back`, () => {
      assert.equal(toCodePointOffset(text, units), points);
      assert.equal(toCodeUnitOffset(text, points), units);
    });
  }

  test('behind the end are the end', () => {
    assert.deepEqual([toCodePointOffset('a😀', 99), toCodeUnitOffset('a😀', 99)], [2, 3]);
  });
});

describe('a reply with completions', () => {
  test('gives the kernel’s matches for the place between its offsets', () => {
    const reply = {
      status: 'ok',
      matches: ['print', 'property'],
      cursor_start: 3,
      cursor_end: 5,
      metadata: {},
    };
    assert.deepEqual(readCompletions('a; pr', reply), [
      { text: 'print', start: 3, end: 5, type: undefined, signature: undefined },
      { text: 'property', start: 3, end: 5, type: undefined, signature: undefined },
    ]);
  });

  test('prefers what IPython says with types, in code points', () => {
    const reply = {
      status: 'ok',
      matches: ['upper'],
      cursor_start: 4,
      cursor_end: 6,
      metadata: {
        _jupyter_types_experimental: [
          { start: 4, end: 6, text: 'upper', type: 'function', signature: '(self)\n' },
          { start: 4, end: 6, text: '%x', type: '<unknown>', signature: '' },
          { start: 9, end: 2, text: 'bad' },
        ],
      },
    };
    assert.deepEqual(readCompletions('"😀".up', reply), [
      { text: 'upper', start: 5, end: 7, type: 'function', signature: '(self)␤' },
      { text: '%x', start: 5, end: 7, type: undefined, signature: undefined },
    ]);
  });

  for (const reply of [
    undefined,
    {},
    { status: 'error', matches: ['a'], cursor_start: 0, cursor_end: 0 },
    { matches: 'abc', cursor_start: 0, cursor_end: 1 },
    { matches: ['a'], cursor_start: 5, cursor_end: 1 },
    { matches: ['a'], cursor_start: -1, cursor_end: 1.5 },
  ]) {
    test(`gives nothing for ${JSON.stringify(reply)}`, () => {
      assert.deepEqual(readCompletions('abcdef', reply), []);
    });
  }

  test('is bounded', () => {
    const matches = Array.from({ length: 100_000 }, (_, index) => `file${index}`);
    assert.equal(readCompletions('f', { matches, cursor_start: 0, cursor_end: 1 }).length, 1000);
  });
});

describe('a reply with an explanation', () => {
  test('gives its text without colours', () => {
    const data = {
      'text/plain': '\u001b[31mSignature:\u001b[39m f(x)\n\u001b]8;;http://x\u0007link\u001b]8;;\u0007',
    };
    assert.equal(readInspection({ status: 'ok', found: true, data }), 'Signature: f(x)\nlink');
  });

  test('gives nothing when nothing was found', () => {
    assert.equal(readInspection({ status: 'ok', found: false, data: {} }), undefined);
    assert.equal(readInspection({ status: 'error' }), undefined);
    assert.equal(readInspection(undefined), undefined);
  });

  test('is cut at a length that a hover can show', () => {
    const data = { 'text/plain': `${'x'.repeat(5000)}\n${'line\n'.repeat(1000)}` };
    const text = readInspection({ status: 'ok', found: true, data }) ?? '';
    assert.ok(text.split('\n').length <= 41 && text.length < 2000, String(text.length));
  });
});
