import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import type { HttpConnection } from '../../../src/base/http-connection';
import { silenceTimeoutMs, watchStream } from '../../../src/extension/remote/list-watcher';
import { parseKernelEvent, type KernelEvent } from '../../../src/protocol/kernels';

/** A host whose answers to the stream the test writes. */
function createHost(respond: (opening: number, signal: AbortSignal) => Response) {
  let openings = 0;
  const fetch = (_input: unknown, init?: RequestInit) => {
    openings += 1;
    const signal = init?.signal ?? new AbortController().signal;
    return Promise.resolve(respond(openings, signal));
  };
  const { Request, Headers, WebSocket } = globalThis;
  const http: HttpConnection = { baseUrl: 'http://localhost', fetch, Request, Headers, WebSocket };
  return { http, openings: () => openings };
}

function watch(http: HttpConnection, onEnd: (reason: Error) => Promise<boolean>) {
  const tellings: KernelEvent[][] = [];
  const watcher = watchStream({
    http,
    path: '/kernels?watch',
    parser: parseKernelEvent,
    begin: () => {
      const telling: KernelEvent[] = [];
      tellings.push(telling);
      return (event) => telling.push(event);
    },
    onSign: () => undefined,
    onEnd,
    logger: silentLogger,
  });
  return { watcher, tellings };
}

const lines = (...events: unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const signal = () => withDeadline(5_000, 'the stream');

test('a stream that ends although the host is there is opened again and told anew; odd lines are left out', async (t) => {
  const { http, openings } = createHost(
    () =>
      new Response(
        lines({ event: 'removed', id: 'a' }, { event: 'moon' }, 7, { event: 'complete', total: 0 }),
      ),
  );
  const { watcher, tellings } = watch(http, () => Promise.resolve(true));
  t.after(() => watcher.dispose());
  await until(() => (tellings.length >= 2 && tellings[1]?.length === 2 ? true : undefined), signal());
  assert.deepEqual(tellings[0], [
    { event: 'removed', id: 'a' },
    { event: 'complete', total: 0 },
  ]);
  watcher.dispose();
  const before = openings();
  assert.ok(before >= 2);
});

test('a stream is not opened again when the host is lost, and not when the agent does not have it', async () => {
  let ends = 0;
  const lost = createHost(() => new Response(lines({ event: 'ping' })));
  watch(lost.http, () => {
    ends += 1;
    return Promise.resolve(false);
  });
  await until(() => (ends === 1 ? true : undefined), signal());
  const missing = createHost(() => new Response('{"code":"not-found","message":"no"}', { status: 404 }));
  watch(missing.http, () => {
    ends += 10;
    return Promise.resolve(true);
  });
  await until(() => (missing.openings() === 1 ? true : undefined), signal());
  await new Promise(setImmediate);
  assert.deepEqual([ends, lost.openings(), missing.openings()], [1, 1, 1]);
});

test('silence for longer than a host allows itself ends the stream, and pings keep it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let write: (line: string) => void = () => undefined;
  const { http } = createHost((_opening, ended) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        write = (line) => controller.enqueue(Buffer.from(line));
        ended.addEventListener('abort', () => controller.error(ended.reason), { once: true });
      },
    });
    return new Response(body);
  });
  const reasons: Error[] = [];
  const { watcher, tellings } = watch(http, (reason) => {
    reasons.push(reason);
    return Promise.resolve(false);
  });
  t.after(() => watcher.dispose());
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  await settle();
  for (let round = 1; round <= 4; round += 1) {
    t.mock.timers.tick(silenceTimeoutMs - 1);
    write('{"event":"ping"}\n');
    await settle();
    assert.equal(tellings[0]?.length, round);
  }
  assert.equal(reasons.length, 0);
  t.mock.timers.tick(silenceTimeoutMs);
  await settle();
  assert.match(reasons.map(String).join(), /^TimeoutError: .*silent[^,]*$/);
});
