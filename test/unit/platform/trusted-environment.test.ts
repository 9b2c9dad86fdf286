import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSteeringVariables, scrubEnvironment } from '../../../src/daemon/platform/trusted-environment';

test('variables that bring code into a process are found, others are not', () => {
  const variables = {
    LD_PRELOAD: '/tmp/x.so',
    NODE_OPTIONS: '--require /tmp/x.js',
    NODE_ENV: 'production',
    OPENSSL_CONF: '/tmp/openssl.cnf',
    PATH: '/bin',
    XLD_PRELOAD: 'x',
  };
  assert.deepEqual(findSteeringVariables(variables), ['LD_PRELOAD', 'NODE_OPTIONS', 'OPENSSL_CONF']);
});

test('children of root get a path of the system and the language, and nothing else', () => {
  const scrubbed = scrubEnvironment({ PATH: '/tmp/evil', LANG: 'de_DE.UTF-8', SECRET: 'x', LD_PRELOAD: 'y' });
  assert.deepEqual(Object.keys(scrubbed), ['PATH', 'LANG']);
  assert.equal(scrubbed['LANG'], 'de_DE.UTF-8');
  assert.doesNotMatch(scrubbed['PATH'] ?? '', /tmp/);
});
