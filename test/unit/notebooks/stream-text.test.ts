import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamText, streamTextOf } from '../../../src/extension/notebooks/outputs/stream-text';

const esc = '\u001b';
const green = `${esc}[32m`;
const off = `${esc}[0m`;

/** What a terminal shows for these pieces. */
const cases: readonly [what: string, pieces: readonly string[], shown: string][] = [
  ['plain text', ['one\n', 'two'], 'one\ntwo'],
  ['a carriage return', ['10%\r20%'], '20%'],
  ['a carriage return at the end of a piece', ['10%\r', '20%\r', '30%'], '30%'],
  ['a carriage return at the very end leaves the line', ['10%\r'], '10%'],
  ['a shorter text overwrites only its length', ['longer\rabc'], 'abcger'],
  ['windows line ends', ['a\r\nb\r\n'], 'a\nb\n'],
  ['a windows line end cut in two', ['a\r', '\nb'], 'a\nb'],
  ['several carriage returns before a line feed', ['a\r\r\nb'], 'a\nb'],
  ['lines before stay', ['done\n10%\r20%\r', '30%\nend'], 'done\n30%\nend'],
  ['backspace', ['abc\bd'], 'abd'],
  ['backspace across pieces', ['abc', '\b\b', 'XY'], 'aXY'],
  ['backspace stops at the beginning of the line', ['a\n\b\b\bb'], 'a\nb'],
  ['backspace alone erases nothing', ['abc\b'], 'abc'],
  ['erase to the end of the line', [`long line\r${esc}[Kab`], 'ab'],
  ['erase the whole line', [`long line${esc}[2K\rab`], 'ab'],
  ['erase to the cursor', [`abcdef\b\b${esc}[1K`], '     f'],
  ['an erase sequence cut in two', ['long\r', `${esc}[`, 'Kab'], 'ab'],
  ['cursor up, as nested progress bars do', [`a 1\nb 1${esc}[A\r`, 'a 2\nb 2'], 'a 2\nb 2'],
  ['cursor up by several lines', [`1\n2\n3${esc}[2A\rx`], 'x\n2\n3'],
  ['cursor up beyond the first line stays there', [`1${esc}[9A\rx`], 'x'],
  ['colours pass unchanged', [`${green}ok${off}\n`], `${green}ok${off}\n`],
  [
    'a coloured bar that is overwritten whole',
    [`${green}#${off} 1%\r`, `${green}##${off} 2%`],
    `${green}##${off} 2%`,
  ],
  [
    'an overwritten character takes the colour of what is written',
    [`${green}abc${off}\rX`],
    `X${green}bc${off}`,
  ],
  ['characters outside the basic plane are one column', ['😀😀\rx'], 'x😀'],
  ['a carriage return after many lines', [`${'line\n'.repeat(300)}10%\r20%`], `${'line\n'.repeat(300)}20%`],
  ['nothing', ['', ''], ''],
];

describe('stream text', () => {
  for (const [what, pieces, shown] of cases) {
    test(`shows ${what} as a terminal does`, () => {
      assert.equal(streamTextOf(pieces), shown);
    });
    test(`shows ${what} the same when every character comes alone`, () => {
      assert.equal(streamTextOf(Array.from(pieces.join(''))), shown);
    });
    test(`tells the changes for ${what} so that following them gives the text`, () => {
      const text = new StreamText();
      let followed = '';
      for (const piece of pieces) {
        const change = text.write(piece);
        if (change.kind === 'append') followed += change.text;
        if (change.kind === 'replace') followed = change.text;
      }
      assert.equal(followed, shown);
    });
  }

  test('appends and never replaces while nothing is overwritten', () => {
    const text = new StreamText();
    for (let line = 0; line < 1000; line += 1) {
      assert.deepEqual(text.write(`line ${line}\n`), { kind: 'append', text: `line ${line}\n` });
    }
  });

  test('takes 200,000 lines and a progress bar behind them in a moment', () => {
    const text = new StreamText();
    const startedAt = performance.now();
    for (let line = 0; line < 200_000; line += 1) text.write(`this is line number ${line}\n`);
    for (let percent = 0; percent <= 100; percent += 1) text.write(`\r${percent}%`);
    const tookMs = performance.now() - startedAt;
    assert.ok(text.text.endsWith('this is line number 199999\n100%'), text.text.slice(-60));
    assert.ok(tookMs < 3000, `took ${Math.round(tookMs)} ms`);
  });

  test('takes one line of 64 MiB without splitting it into cells', () => {
    const text = new StreamText();
    const piece = 'x'.repeat(1024 * 1024);
    for (let count = 0; count < 64; count += 1) text.write(piece);
    text.write('\rend');
    assert.equal(text.text.length, 64 * piece.length + 3);
  });

  test('keeps its memory of lines bounded while the cursor is above the last one', () => {
    const text = new StreamText();
    text.write(`a\nb\nc${esc}[2A`);
    for (let line = 0; line < 5000; line += 1) text.write(`${line}\n`);
    assert.ok(text.text.endsWith('4999\n'));
  });
});
