import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { formatAnnouncement, parseAnnouncement, truncateUtf8 } from '../../../src/protocol/announcement';
import {
  canRunKernels,
  environmentKernelspecName,
  parseEnvironmentKernelspecName,
} from '../../../src/protocol/environments';
import { wireErrors, WireError } from '../../../src/protocol/errors';
import { isSessionOf, sessionPath } from '../../../src/protocol/identity';
import { formatPin, isSamePin, parsePin, pinHint, pinOf } from '../../../src/protocol/pin';
import { decodeNumbered, encodeNumbered } from '../../../src/protocol/resumable-channels';
import { compareProtocol } from '../../../src/protocol/version';

test('versions of the same major work together, others name the older side', () => {
  const cases: [string, string, ReturnType<typeof compareProtocol>][] = [
    ['1.0', '1.0', 'same'],
    ['1.9', '1.0', 'same'],
    ['0.9', '1.0', 'older'],
    ['2.0', '1.7', 'newer'],
    ['', '1.0', 'unreadable'],
    ['1', '1.0', 'unreadable'],
    ['1.0; rm', '1.0', 'unreadable'],
  ];
  for (const [theirs, ours, expected] of cases)
    assert.equal(compareProtocol(theirs, ours), expected, `${theirs} beside ${ours}`);
});

test('a pin is the SHA-256 of the public key, shown in groups of four and compared whole', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pin = pinOf(publicKey);
  assert.match(pin, /^[0-9a-f]{64}$/);
  assert.equal(formatPin(pin).split(' ').length, 16);
  const read = parsePin(formatPin(pin).toUpperCase());
  assert.ok(read.ok && isSamePin(read.value, pin));
  assert.equal(pinHint(pin).length, 22);
  const other = pinOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  assert.equal(isSamePin(pin, other), false);
  for (const bad of [undefined, '', 'ab', `${pin}00`, pin.replace(/^./, 'x')])
    assert.equal(parsePin(bad).ok, false);
});

test('an announcement stays below 400 bytes and is read back, whatever the name', () => {
  for (const name of ['lab-7', 'Prüfstand 7 (Halle ⅨⅩ)', '机'.repeat(80), 'a\nb']) {
    const record = formatAnnouncement({ id: '0'.repeat(32), v: '1.0', fp: 'A'.repeat(22), name });
    const sizeBytes = Object.entries(record).reduce(
      (sum, [key, value]) => sum + 2 + key.length + Buffer.byteLength(value),
      0,
    );
    assert.ok(sizeBytes < 400, `${sizeBytes} bytes`);
    const read = parseAnnouncement(record);
    assert.ok(read.ok);
    assert.equal(read.value.name, truncateUtf8(name, 63));
  }
});

test('a session belongs to one document of one installation', () => {
  const path = sessionPath('c'.repeat(32), 'file:///home/ada/a.ipynb', 'a.ipynb');
  assert.match(path, /^c{32}\/[0-9a-f]{16}\/a\.ipynb$/);
  assert.ok(isSessionOf(path, 'c'.repeat(32), 'file:///home/ada/a.ipynb'));
  assert.equal(isSessionOf(path, 'd'.repeat(32), 'file:///home/ada/a.ipynb'), false);
  assert.equal(isSessionOf(path, 'c'.repeat(32), 'file:///home/bob/a.ipynb'), false);
});

test('an environment is found again by its kernelspec name', () => {
  assert.equal(
    parseEnvironmentKernelspecName(environmentKernelspecName('0123456789abcdef')),
    '0123456789abcdef',
  );
  assert.equal(parseEnvironmentKernelspecName('python3'), undefined);
});

test('a broken environment runs no kernels, one with a kernel package does', () => {
  const base = {
    id: '0'.repeat(16),
    kind: 'venv',
    name: 'a',
    prefix: '/a',
    language: 'python',
    isWritable: true,
    owner: 'self',
  } as const;
  assert.equal(canRunKernels(base), false);
  assert.equal(canRunKernels({ ...base, ipykernel: '7.0' }), true);
  assert.equal(canRunKernels({ ...base, spyderKernels: '3.0' }), true);
  assert.equal(
    canRunKernels({ ...base, ipykernel: '7.0', problem: { code: 'dangling-link', message: '' } }),
    false,
  );
});

test('every error has a status of HTTP and says its code in its body', () => {
  for (const [code, { status }] of Object.entries(wireErrors)) assert.ok(status >= 400 && status < 600, code);
  const error = new WireError('kernel-limit-reached', 'x', { limit: 5 });
  assert.deepEqual(
    [error.status, error.toBody()],
    [409, { code: 'kernel-limit-reached', message: 'x', detail: { limit: 5 } }],
  );
});

test('numbered messages keep their number and bytes', () => {
  const frame = Buffer.concat(encodeNumbered(Number.MAX_SAFE_INTEGER, [Buffer.from('ab'), Buffer.from('c')]));
  const read = decodeNumbered(frame);
  assert.ok(read.ok);
  assert.deepEqual(
    [read.value.messageNumber, read.value.message.toString()],
    [Number.MAX_SAFE_INTEGER, 'abc'],
  );
  assert.equal(decodeNumbered(Buffer.alloc(7)).ok, false);
  assert.equal(decodeNumbered(Buffer.alloc(8, 0xff)).ok, false);
});
