import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  firstToSucceed,
  interleave,
  resolveAddresses,
} from '../../../src/extension/transports/tls/addresses';

const forever = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });

test('families take turns, the first family first', () => {
  assert.deepEqual(interleave(['1.1.1.1', '2.2.2.2', '::1', '::2', '::3']), [
    '1.1.1.1',
    '::1',
    '2.2.2.2',
    '::2',
    '::3',
  ]);
  assert.deepEqual(interleave(['::1', '1.1.1.1']), ['::1', '1.1.1.1']);
  assert.deepEqual(interleave([]), []);
});

test('an address is not looked up', async () => {
  const signal = new AbortController().signal;
  assert.deepEqual(await resolveAddresses('192.0.2.1', signal), ['192.0.2.1']);
  assert.deepEqual(await resolveAddresses('fe80::1%eth0', signal), ['fe80::1%eth0']);
});

test('one that never answers does not keep the next from being tried, and is ended by its success', async () => {
  let isEnded = false;
  const winner = await firstToSucceed(
    ['silent', 'good'],
    async (candidate, signal) => {
      if (candidate === 'good') return candidate;
      return await forever(signal).finally(() => (isEnded = true));
    },
    () => undefined,
    new AbortController().signal,
  );
  assert.equal(winner, 'good');
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(isEnded, true);
});

test('a failure starts the next at once, and all failures are told', async () => {
  const tried: number[] = [];
  const startedAt = performance.now();
  await assert.rejects(
    firstToSucceed(
      [1, 2, 3, 4, 5],
      (candidate) => {
        tried.push(candidate);
        return Promise.reject(new Error(String(candidate)));
      },
      () => undefined,
      new AbortController().signal,
    ),
    (error) => error instanceof AggregateError && error.errors.length === 5,
  );
  assert.deepEqual(tried, [1, 2, 3, 4, 5]);
  assert.ok(performance.now() - startedAt < 200);
});

test('what succeeds too late is let go of', async () => {
  const released: string[] = [];
  let finishLate: (value: string) => void = () => undefined;
  const late = new Promise<string>((resolve) => {
    finishLate = resolve;
  });
  await firstToSucceed(
    ['late', 'good'],
    (candidate) => (candidate === 'late' ? late : Promise.resolve(candidate)),
    (value) => released.push(value),
    new AbortController().signal,
  );
  finishLate('late');
  await late;
  await Promise.resolve();
  assert.deepEqual(released, ['late']);
});

test('without a candidate there is nothing to wait for', async () => {
  await assert.rejects(
    firstToSucceed(
      [],
      () => Promise.resolve(1),
      () => undefined,
      new AbortController().signal,
    ),
  );
});
