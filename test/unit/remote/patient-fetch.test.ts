import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../../src/base/event';
import type { HttpConnection } from '../../../src/base/http-connection';
import type { AgentAccess } from '../../../src/extension/remote/agent-access';
import { createLateWebSocketClass } from '../../../src/extension/remote/late-web-socket';
import { ListStore } from '../../../src/extension/remote/list-store';
import { createPatientFetch, LateRequest } from '../../../src/extension/remote/patient-fetch';
import type { KernelDetails } from '../../../src/protocol/kernels';

type Answer = () => Response;

/** An agent's client whose connection comes and goes as the test says. */
class TestAccess implements AgentAccess {
  private readonly changes = new Emitter<boolean>();
  readonly onDidChangeAttachment = this.changes.event;
  readonly kernels = new ListStore<KernelDetails>(({ id }) => id);
  readonly asked: string[] = [];
  readonly suspicions: Error[] = [];
  http: HttpConnection | undefined;

  findKernel(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  suspectLoss(reason: Error): void {
    this.suspicions.push(reason);
  }

  attach(baseUrl: string, answers: Answer[], webSocket = globalThis.WebSocket): void {
    this.http = {
      ...{ baseUrl, Request, Headers, WebSocket: webSocket },
      fetch: (input) => {
        this.asked.push(typeof input === 'string' ? input : 'a request');
        const answer = answers.shift();
        return answer === undefined ? Promise.reject(new TypeError('cut')) : Promise.resolve(answer());
      },
    };
    this.changes.fire(true);
  }

  detach(): void {
    this.http = undefined;
    this.changes.fire(false);
  }
}

const model = () => new Response('{"id":"k"}');
const question = new LateRequest('http://localhost/api/kernels/k?1');
const never = new AbortController().signal;

for (const [what, odd] of [
  ['a proxy that forbids', () => new Response('', { status: 403 })],
  ['an ended sign-in', () => new Response('', { status: 401 })],
  ['a gateway without its agent', () => new Response('', { status: 503 })],
  ['something that breaks', () => new Response('', { status: 500 })],
] as const) {
  test(`${what} is not taken for the kernel's answer: it is asked again`, async () => {
    const access = new TestAccess();
    let isGone = false;
    access.attach('https://lab-7:7443', [odd, model]);
    const fetch = createPatientFetch(access, never, () => (isGone = true));
    const response = await fetch(question);
    assert.deepEqual([response.status, isGone], [200, false]);
    assert.deepEqual(access.asked, [
      'https://lab-7:7443/api/kernels/k?1',
      'https://lab-7:7443/api/kernels/k?1',
    ]);
  });
}

test('a question waits for the next connection, and goes to that one', async () => {
  const access = new TestAccess();
  const fetch = createPatientFetch(access, never, () => assert.fail('nothing is gone'));
  const waiting = fetch(question);
  access.attach('https://second:1', [model]);
  assert.equal((await waiting).status, 200);
  assert.deepEqual(access.asked, ['https://second:1/api/kernels/k?1']);
});

test('the agent’s own 404 is told, and a cut makes the client ask whether the host is there', async () => {
  const access = new TestAccess();
  let gone = 0;
  const fetch = createPatientFetch(access, never, () => (gone += 1));
  access.attach('http://localhost', [() => new Response('', { status: 404 })]);
  assert.equal((await fetch(question)).status, 404);
  assert.equal(gone, 1);
  access.attach('http://localhost', []);
  const cut = fetch(question);
  await new Promise(setImmediate);
  assert.equal(access.suspicions.length, 1);
  access.attach('http://localhost', [model]);
  assert.equal((await cut).status, 200);
});

test('a command does not wait: without a connection it fails at once', async () => {
  const access = new TestAccess();
  const fetch = createPatientFetch(access, never, () => undefined);
  await assert.rejects(
    fetch(new LateRequest('http://localhost/api/kernels/k/interrupt', { method: 'POST' })),
    TypeError,
  );
});

test('a kernel that is closed here waits for nothing any more', async () => {
  const access = new TestAccess();
  const lifetime = new AbortController();
  const fetch = createPatientFetch(access, lifetime.signal, () => undefined);
  const waiting = fetch(question);
  lifetime.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
});

test('a socket stays connecting while there is no connection, opens over the next one, and never after it was closed', () => {
  const access = new TestAccess();
  const opened: string[] = [];
  class Recorded {
    readonly readyState = 0;
    constructor(url: string) {
      opened.push(new URL(url).pathname);
    }
    close(): void {
      opened.push('closed');
    }
  }
  const Late = createLateWebSocketClass(access, never);
  const first = new Late('ws://localhost/one');
  const second = new Late('ws://localhost/two');
  let closes = 0;
  first.onclose = () => (closes += 1);
  assert.equal(first.readyState, Late.CONNECTING);
  second.close();
  access.attach('http://localhost', [], Recorded as unknown as typeof WebSocket);
  return new Promise(setImmediate).then(() => {
    assert.deepEqual(opened, ['/one']);
    assert.deepEqual([closes, second.readyState], [0, Late.CLOSED]);
  });
});
