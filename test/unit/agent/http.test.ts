import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { checkDoorKey } from '../../../src/daemon/agent/doors';
import { checkOrigin } from '../../../src/daemon/agent/http/origin';
import { matchRoute, type Route } from '../../../src/daemon/agent/http/router';
import { headers } from '../../../src/protocol/agent';
import { WireError } from '../../../src/protocol/errors';

/** As much of a request as these functions look at. */
function requestOf(parts: {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
}): IncomingMessage {
  return { method: 'GET', url: '/', headers: {}, ...parts } as unknown as IncomingMessage;
}

function codeOf(call: () => unknown): string {
  try {
    call();
    return 'passes';
  } catch (error) {
    assert.ok(error instanceof WireError);
    return error.code;
  }
}

const route = (method: Route['method'], path: string): Route => ({ method, path, handle: () => undefined });
const routes = [
  route('GET', '/api/kernels'),
  route('GET', '/api/kernels/{id}'),
  route('DELETE', '/api/kernels/{id}'),
];

const found: readonly [method: string, url: string, parameters: object][] = [
  ['GET', '/api/kernels', {}],
  ['GET', '/api/kernels/', {}],
  ['GET', '/api/kernels/a?x=1', { id: 'a' }],
  ['DELETE', '/api/kernels/a%2Fb', { id: 'a/b' }],
];

for (const [method, url, parameters] of found) {
  test(`${method} ${url} finds its route`, () => {
    assert.deepEqual(matchRoute(routes, requestOf({ method, url })).parameters, parameters);
  });
}

const lost: readonly [method: string, url: string, code: string][] = [
  ['GET', '/', 'not-found'],
  ['GET', '/api', 'not-found'],
  ['GET', '/api/kernels/a/b', 'not-found'],
  ['GET', '/api//kernels', 'not-found'],
  ['POST', '/api/kernels/a', 'method-not-allowed'],
  ['GET', '/api/kernels/%zz', 'bad-request'],
  ['GET', 'http://other/api/kernels', 'bad-request'],
  ['GET', '*', 'bad-request'],
];

for (const [method, url, code] of lost) {
  test(`${method} ${url} is answered with ${code}`, () => {
    assert.equal(
      codeOf(() => matchRoute(routes, requestOf({ method, url }))),
      code,
    );
  });
}

const origins: readonly [origin: string | undefined, host: string | undefined, outcome: string][] = [
  [undefined, 'lab-7:7443', 'passes'],
  [undefined, undefined, 'passes'],
  ['https://lab-7:7443', 'lab-7:7443', 'passes'],
  ['https://LAB-7:7443', 'lab-7:7443', 'passes'],
  ['https://lab-7', 'lab-7:443', 'passes'],
  ['http://localhost', 'localhost', 'passes'],
  ['https://[::1]:7443', '[::1]:7443', 'passes'],
  ['https://lab-7:7444', 'lab-7:7443', 'foreign-origin'],
  ['https://lab-7.evil.example', 'lab-7', 'foreign-origin'],
  ['https://evil.example', 'lab-7', 'foreign-origin'],
  ['null', 'lab-7', 'foreign-origin'],
  ['', 'lab-7', 'foreign-origin'],
  ['file://lab-7', 'lab-7', 'foreign-origin'],
  ['https://lab-7', undefined, 'foreign-origin'],
  ['https://lab-7', 'lab-7/../x y', 'foreign-origin'],
];

for (const [origin, host, outcome] of origins) {
  test(`origin ${String(origin)} at host ${String(host)}: ${outcome}`, () => {
    const given = { ...(origin === undefined ? {} : { origin }), ...(host === undefined ? {} : { host }) };
    assert.equal(
      codeOf(() => checkOrigin(requestOf({ headers: given }))),
      outcome,
    );
  });
}

test('a door opens with exactly its key', () => {
  const key = 'k'.repeat(43);
  const open = (given: Record<string, string>) =>
    codeOf(() => checkDoorKey(requestOf({ headers: given }), key));
  assert.equal(open({ [headers.doorKey]: key }), 'passes');
  for (const wrong of ['', 'k', `${key}k`, 'K'.repeat(43), 'é'.repeat(43)])
    assert.equal(open({ [headers.doorKey]: wrong }), 'door-key-required');
  assert.equal(open({}), 'door-key-required');
});
