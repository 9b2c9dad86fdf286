import assert from 'node:assert/strict';
import test from 'node:test';
import { readToken, refuseTokenInUrl } from '../../../src/daemon/front-door/authorization';

const token = `${'aB3_-'.repeat(8)}xyz`;

for (const written of [`Bearer ${token}`, `bearer ${token}`, `token ${token}`, `Token  ${token}`]) {
  test(`"${written.slice(0, 10)}…" carries a token`, () =>
    assert.equal(readToken({ headers: { authorization: written } }), token));
}

for (const written of [
  undefined,
  '',
  token,
  'Bearer',
  `Basic ${token}`,
  `Bearer ${token.slice(1)}`,
  `Bearer ${token}a`,
  `Bearer ${token} `,
  `Bearer ${token.slice(1)}+`,
  `Bearer ${token}, Bearer ${token}`,
]) {
  test(`${written === undefined ? 'no header' : `"${written.slice(0, 20)}" (${written.length})`} is unauthorized`, () => {
    const headers = written === undefined ? {} : { authorization: written };
    assert.throws(() => readToken({ headers }), { code: 'unauthorized' });
  });
}

for (const query of ['token=x', 'a=b&token', 'TOKEN=x', '%74oken=x', 'token=x&token=y']) {
  test(`?${query} is a token in the address`, () =>
    assert.throws(() => refuseTokenInUrl(new URLSearchParams(query)), { code: 'token-in-url' }));
}

for (const query of ['', 'a=token', 'tokens=1', 'session_token=1']) {
  test(`?${query} is no token in the address`, () =>
    assert.doesNotThrow(() => refuseTokenInUrl(new URLSearchParams(query))));
}
