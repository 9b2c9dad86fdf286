import assert from 'node:assert/strict';
import test from 'node:test';
import { readServeOptions, type ServeWords } from '../../../src/daemon/configuration/serve-options';
import { defaultPort } from '../../../src/protocol/front-door';

const loopback = [
  { host: '127.0.0.1', isOptional: false },
  { host: '::1', isOptional: true },
];
const everywhere = [
  { host: '0.0.0.0', isOptional: false },
  { host: '::', isOptional: true },
];

test('by default it listens on loopback only, on the documented port, under the first part of the host name', () => {
  const result = readServeOptions({ listen: [] }, 'lab-7.example.org');
  assert.deepEqual(result, { ok: true, value: { port: defaultPort, listen: loopback, name: 'lab-7' } });
  assert.equal(defaultPort, 7443);
});

const understood: readonly [words: Partial<ServeWords>, value: object][] = [
  [{ port: '0' }, { port: 0 }],
  [{ port: '65535' }, { port: 65_535 }],
  [{ listen: ['all'] }, { listen: everywhere }],
  [{ listen: ['localhost'] }, { listen: loopback }],
  [{ listen: ['[fd00::2]'] }, { listen: [{ host: 'fd00::2', isOptional: false }] }],
  [{ listen: ['10.0.0.1', '10.0.0.1'] }, { listen: [{ host: '10.0.0.1', isOptional: false }] }],
  [{ listen: ['fe80::1%eth0'] }, { listen: [{ host: 'fe80::1%eth0', isOptional: false }] }],
  [{ name: ' Größe – 7 ' }, { name: 'Größe – 7' }],
];

for (const [words, value] of understood) {
  test(`${JSON.stringify(words)} is understood`, () => {
    const result = readServeOptions({ listen: [], ...words }, 'lab-7');
    assert.ok(result.ok);
    assert.deepEqual(result.value, { port: defaultPort, listen: loopback, name: 'lab-7', ...value });
  });
}

const refused: readonly [words: Partial<ServeWords>, message: RegExp][] = [
  [{ port: '-1' }, /--port -1/],
  [{ port: '65536' }, /65535/],
  [{ port: '7443x' }, /a port is a number/],
  [{ port: '' }, /a port is a number/],
  [{ port: '1e3' }, /a port is a number/],
  [{ listen: ['lab-7'] }, /give an IP address/],
  [{ listen: ['10.0.0.1:7443'] }, /give an IP address/],
  [{ listen: ['10.0.0.0/8'] }, /give an IP address/],
  [{ name: '' }, /1 to 63 bytes/],
  [{ name: 'ü'.repeat(32) }, /1 to 63 bytes/],
  [{ name: 'a\nb' }, /no control characters/],
];

for (const [words, message] of refused) {
  test(`${JSON.stringify(words)} is refused with what would be right`, () => {
    const result = readServeOptions({ listen: [], ...words }, 'lab-7');
    assert.ok(!result.ok);
    assert.match(result.error.message, message);
  });
}

for (const hostname of ['', '.local', 'x'.repeat(64), 'a\u0000b']) {
  test(`a host whose name is ${JSON.stringify(hostname.slice(0, 10))} still gets one`, () => {
    const result = readServeOptions({ listen: [] }, hostname);
    assert.ok(result.ok);
    assert.equal(result.value.name, 'remote-kernels');
  });
}
