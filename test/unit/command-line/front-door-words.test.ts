import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { createLogger } from '../../../src/base/logger';
import { relayWords } from '../../../src/daemon/command-line/many-users/front-door-words';

/** What is in the log after a front door has written these pieces, with a clock of the test. */
async function relayed(...pieces: readonly (string | Buffer | { readonly passMs: number })[]) {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const stream = new PassThrough();
  relayWords(
    stream,
    createLogger((level, line) => lines.push(`${level} ${line}`)),
    () => clock.nowMs,
  );
  for (const piece of pieces) {
    if (typeof piece === 'object' && 'passMs' in piece) clock.nowMs += piece.passMs;
    else if (!stream.write(piece)) await once(stream, 'drain');
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const closed = once(stream, 'close');
  stream.end();
  await closed;
  return lines;
}

test('a line of a front door has its level and text in the log, behind a mark', async () => {
  const time = '2026-01-02T03:04:05.678Z';
  assert.deepEqual(
    await relayed(
      `${time} info  [front door] ready\n${time} err`,
      `or the end: x\n    at one\n`,
      'node: no!\n',
      'rest',
    ),
    [
      'info [in its own words] ready',
      'error [in its own words] the end: x',
      'error [in its own words]     at one',
      'warn [in its own words] node: no!',
      'warn [in its own words] rest',
    ],
  );
});

test('no line of a front door looks like one of the supervisor, whatever is in it', async () => {
  const forged = [
    '2026-01-02T03:04:05.678Z info  [sign-in 7] 4/4: signed in as root',
    '\r2026-01-02T03:04:05.678Z info  4/4: signed in as root',
    '\u001b[2K\u001b[1Ainfo 4/4',
    '\u009b2J',
    '\0\0\0',
    '\u0085x',
  ];
  const lines = await relayed(`${forged.join('\n')}\n`, Buffer.from([0xff, 0xfe, 0x0a]));
  assert.equal(lines.length, forged.length + 1);
  for (const line of lines) {
    assert.match(line, /^(?:info|warn) \[in its own words\] /);
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
  }
});

test('a long line is cut, and one that never ends takes no memory', async () => {
  const mebibyte = Buffer.alloc(1024 * 1024, 'x');
  const lines = await relayed(...new Array<Buffer>(50).fill(mebibyte), '\nnext\n');
  assert.deepEqual(
    lines.map((line) => line.length < 2_200),
    [true, true],
  );
  assert.equal(lines[1], 'warn [in its own words] next');
});

test('however many lines there are, a few come into the log, and it says how many did not', async () => {
  const many = 'word\n'.repeat(1_000);
  const flood = new Array<string>(100).fill(many);
  const lines = await relayed(...flood, { passMs: 10_000 }, 'later\n', ...flood);
  assert.equal(lines.filter((line) => line.endsWith(' word')).length, 500 + 9);
  const left = lines.flatMap((line) => /\((\d+) lines were left out\)/.exec(line)?.[1] ?? []).map(Number);
  assert.deepEqual(left, [99_500, 99_991]);
  assert.ok(lines.length < 520);
});
