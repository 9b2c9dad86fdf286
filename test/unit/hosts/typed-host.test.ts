import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTypedHost } from '../../../src/extension/hosts/typed-host';

const tls = (hostname: string, port = 7443, userName?: string) => ({
  kind: 'tls',
  hostname,
  port,
  ...(userName === undefined ? {} : { userName }),
});

const cases: readonly (readonly [string, ReturnType<typeof tls> | { kind: 'ssh'; destination: string }])[] = [
  ['lab-7', tls('lab-7')],
  ['  lab-7  ', tls('lab-7')],
  ['Lab-7.Example.ORG.', tls('lab-7.example.org')],
  ['lab-7:8443', tls('lab-7', 8443)],
  ['ada@lab-7', tls('lab-7', 7443, 'ada')],
  ['ada@lab-7:1', tls('lab-7', 1, 'ada')],
  ['ada@example.org@lab-7', tls('lab-7', 7443, 'ada@example.org')],
  ['DOMAIN\\ada@lab-7', tls('lab-7', 7443, 'DOMAIN\\ada')],
  ['192.168.1.7', tls('192.168.1.7')],
  ['192.168.1.7:65535', tls('192.168.1.7', 65535)],
  ['::1', tls('::1')],
  ['fe80::1%eth0', tls('fe80::1%eth0')],
  ['[::1]', tls('::1')],
  ['[2001:DB8::7]:8443', tls('2001:db8::7', 8443)],
  ['ada@[::1]:8443', tls('::1', 8443, 'ada')],
  ['https://127.0.0.1:7443', tls('127.0.0.1', 7443)],
  ['https://[::1]:9/', tls('::1', 9)],
  ['größe.local', tls('größe.local')],
  ['my_host', tls('my_host')],
  ['ssh://ada@gpu-login', { kind: 'ssh', destination: 'ada@gpu-login' }],
  ['ssh gpu-login', { kind: 'ssh', destination: 'gpu-login' }],
  ['ssh://gpu-login:2222/', { kind: 'ssh', destination: 'gpu-login:2222' }],
];

for (const [text, expected] of cases) {
  test(`${JSON.stringify(text)} is read as ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseTypedHost(text), expected);
  });
}

const bad = [
  '',
  '   ',
  '-oProxyCommand=x',
  'lab-7:0',
  'lab-7:65536',
  'lab-7:port',
  'lab-7:',
  'lab 7',
  '300.1.1.1',
  '1.2.3',
  '[lab-7]:80',
  '[::1',
  'a:b:c',
  '::1:port:x',
  '@lab-7',
  'a b@lab-7',
  '-x@lab-7',
  'http://lab-7',
  'vscode://x',
  'https://lab-7/path',
  'https://lab-7?token=x',
  'lab-7#x',
  'lab..7',
  'ssh://-x',
  'ssh://a;b',
  'x'.repeat(600),
  'lab\n7',
];

for (const text of bad) {
  test(`${JSON.stringify(text.slice(0, 30))} is no host, and the reason is a sentence`, () => {
    const typed = parseTypedHost(text);
    assert.equal(typed.kind, 'invalid');
    assert.match(typed.message, /\.$/);
    assert.ok(typed.message.length < 200 && !typed.message.includes('\n'));
  });
}
