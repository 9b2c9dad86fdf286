import assert from 'node:assert/strict';
import test from 'node:test';
import { encode } from 'uqr';
import { formatQrCode } from '../../../src/daemon/command-line/qr-code';

test('the QR code on a terminal has every module in its place, black on white', () => {
  const text = '0123 4567 89ab cdef '.repeat(4).trim();
  const rows = formatQrCode(text)
    .split('\n')
    .flatMap((line) => {
      const [start, end] = ['\u001b[30;107m', '\u001b[0m'];
      assert.ok(line.startsWith(start) && line.endsWith(end));
      const marks = /^[ ▀▄█]+$/.exec(line.slice(start.length, -end.length))?.[0];
      assert.ok(marks, line);
      return [/[▀█]/, /[▄█]/].map((dark) => Array.from(marks, (mark) => dark.test(mark)));
    });
  const { data } = encode(text, { border: 2, ecc: 'M' });
  assert.deepEqual(rows.slice(0, data.length), data);
  assert.ok(rows.slice(data.length).every((row) => row.every((isDark) => !isDark)));
});
