import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joinLines, plainLines } from '../../../src/extension/editor/plain-lines';

const texts: readonly (readonly [what: string, text: string, lines: readonly string[]])[] = [
  ['one line', 'Verification code: ', ['Verification code:']],
  [
    'several lines',
    'Your password has expired.\nNew password: ',
    ['Your password has expired.', 'New password:'],
  ],
  [
    'every kind of line end',
    'a\r\nb\rc\u2028d\u2029e\u0085f\u000bg\u000ch',
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
  ],
  ['lines without anything in them', '\n\n  \nCode\n\t\n', ['Code']],
  ['a tab', 'one\ttwo', ['one two']],
  ['colours', '\u001b[1;31mDanger\u001b[0m of \u001b[38:5:1mred', ['Danger of red']],
  ['a title of a window', '\u001b]0;evil\u0007Code', ['Code']],
  ['a title that does not end', 'Code\u001b]0;evil', ['Code']],
  ...['\n', '\r\n', '\r', '\u000b', '\u000c', '\u0085', '\u2028', '\u2029'].map(
    (end) =>
      [
        `a title that does not end before ${JSON.stringify(end)}`,
        `\u001b]0;evil${end}Code${end}`,
        ['Code'],
      ] as const,
  ),
  ['other control characters', 'a\u0000\u0007\u009bb\u007f', ['a b']],
  ['marks of direction', 'pass\u202eword\u2066 \u200ffor\u061c ada', ['password for ada']],
  ['what is not seen', 'pa\u200bss\u00adwo\u2060rd\ufeff', ['password']],
  ['another alphabet, and characters of two places', 'Пароль: 密码 🔑', ['Пароль: 密码 🔑']],
  ['nothing', '', []],
];

describe('a text from elsewhere becomes plain lines', () => {
  for (const [what, text, lines] of texts) test(what, () => assert.deepEqual(plainLines(text), lines));
});

describe('lines in one', () => {
  test('stand beside each other', () => {
    assert.equal(joinLines(['first', 'second', 'last'], 100), 'first · second · last');
    assert.equal(joinLines(['only'], 100), 'only');
    assert.equal(joinLines([], 100), '');
  });

  test('are never longer than they may be, and end with what is asked', () => {
    for (const before of [0, 10, 30, 1000]) {
      for (const last of [1, 10, 25, 60, 1000]) {
        const line = joinLines([...(before === 0 ? [] : ['a'.repeat(before)]), 'b'.repeat(last)], 60);
        assert.ok(line.length <= 60, `${line.length} of ${before} and ${last}`);
        if (last <= 30) assert.match(line, new RegExp(`(^|[^b])b{${last}}$`));
        else assert.match(line, /b{29}/);
      }
    }
  });

  test('are not cut in the middle of a character', () => {
    assert.equal(joinLines(['🔑🔑🔑'], 4), '🔑…');
    assert.equal(joinLines(['🔑🔑🔑'], 6), '🔑🔑🔑');
  });
});
