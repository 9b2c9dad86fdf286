import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWireError, UnknownWireError } from '../../../src/extension/remote/requests';

for (const [what, status, body, code, message] of [
  ['a known code', 409, { code: 'kernel-limit-reached', message: 'five' }, 'kernel-limit-reached', 'five'],
  [
    'an answer in Jupyter’s shape',
    404,
    { message: 'gone', reason: null, code: 'kernel-not-found' },
    'kernel-not-found',
    'gone',
  ],
  ['a page', 502, '<html>', 'internal', 'the host answered 502'],
  ['an unknown path', 404, 'nothing', 'not-found', 'the host answered 404'],
  ['an ended sign-in', 401, '', 'unauthorized', 'the host answered 401'],
] as const) {
  test(`${what} becomes an error with its code and sentence`, async () => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const error = await readWireError(new Response(text, { status }));
    assert.deepEqual([error.code, error.message], [code, message]);
  });
}

test('a code of a newer version is kept with its sentence, detail and status', async () => {
  const body = { code: 'moon-phase', message: 'wait for it', detail: { exitCode: 3 } };
  const error = await readWireError(new Response(JSON.stringify(body), { status: 418 }));
  assert.ok(error instanceof UnknownWireError);
  assert.deepEqual(
    [error.unknownCode, error.message, error.detail?.exitCode, error.status],
    ['moon-phase', 'wait for it', 3, 418],
  );
});
