import assert from 'node:assert/strict';
import test from 'node:test';
import { loggedPath } from '../../../src/daemon/front-door/logged-path';

const cases: readonly (readonly [path: string, logged: string])[] = [
  ['/sign-in', '/sign-in'],
  ['/sign-in/secret', '/sign-in/…'],
  ['/.well-known/remote-kernels', '/.well-known/remote-kernels'],
  ['/.well-known/secret', 'another path'],
  ['/remote-kernels/v1/kernels', '/remote-kernels/v1/kernels'],
  ['/remote-kernels/v1/kernels/secret/journal', '/remote-kernels/v1/kernels/…'],
  ['/remote-kernels/v1/secret', '/remote-kernels/v1/…'],
  ['/api/kernels/secret/channels', '/api/kernels/…'],
  ['/api/secret', '/api/…'],
  ['/apisecret', 'another path'],
  ['/secret', 'another path'],
  ['/', 'another path'],
];

test('the log has of a path only what is one of the protocol’s', () => {
  for (const [path, logged] of cases) assert.equal(loggedPath(path), logged, path);
});
