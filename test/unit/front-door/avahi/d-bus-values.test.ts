import assert from 'node:assert/strict';
import test from 'node:test';
import {
  DBusReader,
  DBusWriter,
  splitSignature,
  type DBusValue,
} from '../../../../src/daemon/front-door/avahi/d-bus-values';

const signatures: readonly [string, string[]][] = [
  ['', []],
  ['sus', ['s', 'u', 's']],
  ['iiussssqaay', ['i', 'i', 'u', 's', 's', 's', 's', 'q', 'aay']],
  ['a{sv}(ii(y))ao', ['a{sv}', '(ii(y))', 'ao']],
];

for (const [signature, types] of signatures)
  test(`"${signature}" is ${types.length} types`, () => assert.deepEqual(splitSignature(signature), types));

for (const signature of ['a', '(', '(i', '{s', 'z', ')', `${'('.repeat(100)}i${')'.repeat(100)}`])
  test(`"${signature.slice(0, 10)}" is no signature`, () => assert.throws(() => splitSignature(signature)));

function written(signature: string, ...values: DBusValue[]): Buffer {
  const writer = new DBusWriter();
  writer.write(signature, values);
  return writer.toBuffer();
}

const bytes: readonly [signature: string, value: DBusValue, hex: string][] = [
  // The examples of the specification.
  ['ax', [5n], '0800000000000000' + '0500000000000000'],
  ['s', 'foo', '03000000666f6f00'],
  ['y', 255, 'ff'],
  ['b', true, '01000000'],
  ['n', -2, 'feff'],
  ['q', 7443, '131d'],
  ['i', -1, 'ffffffff'],
  ['u', 4294967295, 'ffffffff'],
  ['t', 18446744073709551615n, 'ffffffffffffffff'],
  ['d', 0.5, '000000000000e03f'],
  ['g', 'aay', '0361617900'],
  ['ay', Buffer.from('ab'), '020000006162'],
  ['as', [], '00000000'],
  ['(yu)', [1, 2], '0100000002000000'],
  ['s', 'ü', '02000000c3bc00'],
];

for (const [signature, value, hex] of bytes)
  test(`a value of "${signature}" has the bytes ${hex}, and is read from them`, () => {
    const made = written(signature, value);
    assert.equal(made.toString('hex'), hex);
    assert.deepEqual(new DBusReader(made, true).read(signature), [value]);
  });

test('what another order of bytes has written is read too', () => {
  // The example of the specification: "foo", "+", "bar".
  const example = Buffer.from('00000003666f6f00000000012b0000000000000362617200', 'hex');
  assert.deepEqual(new DBusReader(example, false).read('sss'), ['foo', '+', 'bar']);
  assert.deepEqual(new DBusReader(Buffer.from('0000000800000000fffffffffffffffe', 'hex'), false).read('ax'), [
    [-2n],
  ]);
});

test('a variant is read as what is in it', () => {
  const made = written('a{sv}', [
    ['one', ['u', 7]],
    ['two', ['s', 'x']],
  ]);
  assert.deepEqual(new DBusReader(made, true).read('a{sv}'), [
    [
      ['one', 7],
      ['two', 'x'],
    ],
  ]);
});

test('a variant within a variant has an end', () => {
  const deep = Buffer.concat([Buffer.from('017600'.repeat(1000), 'hex'), Buffer.from('017900ff', 'hex')]);
  assert.throws(() => new DBusReader(deep, true).read('v'), /nested too deeply/);
});

test('a length beyond the end is refused', () => {
  for (const hex of ['ffffffff61', '0400000061'])
    for (const signature of ['s', 'ay', 'au'])
      assert.throws(() => new DBusReader(Buffer.from(hex, 'hex'), true).read(signature));
});
