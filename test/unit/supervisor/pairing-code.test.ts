import assert from 'node:assert/strict';
import test from 'node:test';
import { makePairingCode, PairingCodes, readPairingCode } from '../../../src/daemon/supervisor/pairing-code';

test('a code has eight letters of an alphabet of 32 without look-alikes: 40 bits', () => {
  const seen = new Set<string>();
  for (let count = 0; count < 2000; count += 1) {
    const code = makePairingCode();
    assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    seen.add(code);
  }
  assert.equal(seen.size, 2000);
  const letters = new Set([...seen].join('').replaceAll('-', '').split(''));
  assert.equal(letters.size, 32);
});

const written: readonly [text: string, read: string | undefined][] = [
  ['ABCD-EFGH', 'ABCDEFGH'],
  ['abcd-efgh', 'ABCDEFGH'],
  ['  ab cd efgh ', 'ABCDEFGH'],
  ['ABCDEFGH', 'ABCDEFGH'],
  ['ABCD\u2013EFGH', 'ABCDEFGH'],
  ['ABCD_EFGH.', 'ABCDEFGH'],
  ['oiLl-0000', '01110000'],
  ['ABCD-EFGU', undefined],
  ['ABCD-EFG', undefined],
  ['ABCD-EFGHJ', undefined],
  ['ABCD-EFG€', undefined],
  ['', undefined],
];

for (const [text, read] of written) {
  test(`a person's "${text}" is read as ${read ?? 'no code'}`, () => {
    assert.equal(readPairingCode(text), read);
  });
}

test('a code is good once', () => {
  const codes = new PairingCodes(1000, () => 0);
  const { code } = codes.issue();
  assert.notEqual(codes.claim(code.toLowerCase()), undefined);
  assert.equal(codes.claim(code), undefined);
  assert.equal(codes.expiresAtMs, undefined);
});

test('a code is good until it expires, and not at that moment', () => {
  let nowMs = 0;
  const codes = new PairingCodes(1000, () => nowMs);
  const { code, expiresAtMs } = codes.issue();
  assert.equal(expiresAtMs, 1000);
  nowMs = 1000;
  assert.equal(codes.claim(code), undefined);
  nowMs = 999;
  assert.notEqual(codes.claim(code), undefined);
});

test('a fresh code makes the one before void', () => {
  const codes = new PairingCodes(1000, () => 0);
  const first = codes.issue();
  const second = codes.issue();
  assert.equal(codes.claim(first.code), undefined);
  assert.notEqual(codes.claim(second.code), undefined);
});

test('a wrong code does not use the right one up, and nothing is right while there is none', () => {
  const codes = new PairingCodes(1000, () => 0);
  assert.equal(codes.claim(''), undefined);
  assert.equal(codes.claim('0000-0000'), undefined);
  const { code } = codes.issue();
  assert.equal(codes.claim(code.startsWith('0') ? '1111-1111' : '0000-0000'), undefined);
  assert.notEqual(codes.claim(code), undefined);
});

test('a claim that was given back can be used again, but does not displace a fresh code', () => {
  const codes = new PairingCodes(1000, () => 0);
  const first = codes.issue();
  codes.claim(first.code)?.restore();
  const claim = codes.claim(first.code);
  assert.notEqual(claim, undefined);
  const second = codes.issue();
  claim?.restore();
  assert.equal(codes.claim(first.code), undefined);
  assert.notEqual(codes.claim(second.code), undefined);
});
