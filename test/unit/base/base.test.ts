import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from '../../../src/base/backoff';
import { DisposableStore, toDisposable } from '../../../src/base/disposable';
import { Emitter, nextEvent } from '../../../src/base/event';
import { createLogger, redact } from '../../../src/base/logger';
import { Sequence, Shared } from '../../../src/base/sequence';
import {
  escapeCodicons,
  escapeLinks,
  escapeMarkdown,
  formatBytes,
  formatDuration,
  toSingleLine,
} from '../../../src/base/text';
import { abortable, delay, until, withDeadline } from '../../../src/base/time';

test('a store disposes once, the last added first, and what comes too late at once', () => {
  const order: string[] = [];
  const store = new DisposableStore();
  store.addRelease(() => order.push('first'));
  store.addRelease(() => order.push('second'));
  store.dispose();
  store.dispose();
  store.add(toDisposable(() => order.push('late')));
  assert.deepEqual(order, ['second', 'first', 'late']);
});

test('a listener that throws does not keep the others from hearing', () => {
  const faults: unknown[] = [];
  const emitter = new Emitter<number>((error) => faults.push(error));
  const heard: number[] = [];
  emitter.event(() => {
    throw new Error('listener');
  });
  const subscription = emitter.event((value) => heard.push(value));
  emitter.fire(1);
  subscription.dispose();
  emitter.fire(2);
  assert.deepEqual([heard, faults.length], [[1], 2]);
});

test('waiting for an event ends with the signal and leaves no listener', async () => {
  const emitter = new Emitter<number>();
  const controller = new AbortController();
  const two = nextEvent(emitter.event, controller.signal, (value) => value === 2);
  emitter.fire(1);
  emitter.fire(2);
  assert.equal(await two, 2);
  const never = nextEvent(emitter.event, controller.signal);
  controller.abort(new Error('enough'));
  await assert.rejects(never, /enough/);
});

test('delays, deadlines and polls end when they are told to', async () => {
  const controller = new AbortController();
  const long = delay(60_000, controller.signal);
  controller.abort(new Error('stop'));
  await assert.rejects(long, /stop/);
  await assert.rejects(delay(60_000, withDeadline(5, 'the host')), /the host: no answer within 0.005 s/);
  const parent = new AbortController();
  const under = delay(60_000, withDeadline(60_000, 'x', parent.signal));
  parent.abort(new Error('the parent'));
  await assert.rejects(under, /the parent/);
  assert.ok(withDeadline(60_000, 'x', parent.signal).aborted, 'what begins too late has ended');
  const slow = new AbortController();
  await assert.rejects(abortable(delay(60_000, slow.signal), withDeadline(5, 'x')), { name: 'TimeoutError' });
  slow.abort();
  let asked = 0;
  assert.equal(await until(() => (++asked === 3 ? 'there' : undefined), withDeadline(5000, 'x'), 1), 'there');
  await assert.rejects(
    until(() => undefined, withDeadline(5, 'x'), 1),
    { name: 'TimeoutError' },
  );
});

test('a back-off doubles up to its cap and stays within its jitter', () => {
  const delays = (random: () => number) => {
    let backoff = createBackoff({ firstMs: 1000, capMs: 30_000, jitter: 0.2 }, random);
    return Array.from({ length: 8 }, () => {
      const { delayMs } = backoff;
      backoff = backoff.next();
      return delayMs;
    });
  };
  assert.deepEqual(
    delays(() => 0.5),
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
  assert.deepEqual(delays(() => 0).slice(0, 2), [800, 1600]);
  assert.deepEqual(delays(() => 1).slice(5, 6), [36_000]);
});

test('tasks of a sequence run in order, also after a failure; shared ones run once', async () => {
  const order: number[] = [];
  const sequence = new Sequence();
  const failed = sequence.run(async () => {
    await delay(5);
    order.push(1);
    throw new Error('first');
  });
  const second = sequence.run(() => Promise.resolve(order.push(2)));
  await assert.rejects(failed, /first/);
  await second;
  assert.deepEqual(order, [1, 2]);
  let runs = 0;
  const shared = new Shared(async () => {
    await delay(2);
    return ++runs;
  });
  assert.deepEqual(await Promise.all([shared.run(), shared.run()]), [1, 1]);
  assert.equal(await shared.run(), 2);
});

test('secrets and control characters do not reach a log', () => {
  const lines: string[] = [];
  const logger = createLogger((_level, line) => lines.push(line)).child('lab-7');
  logger.info('Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789');
  logger.info('GET /api?token=abcdef&x=1');
  logger.info('name\u001b[31mred\rover');
  assert.deepEqual(lines, [
    '[lab-7] Authorization: Bearer [redacted]',
    '[lab-7] GET /api?token=[redacted]&x=1',
    '[lab-7] name\\x1b[31mred\\x0dover',
  ]);
  assert.equal(redact('token 1 of 2'), 'token 1 of 2');
});

test('remote text writes no lines of its own into a log; the frames of an error keep theirs', () => {
  const lines: string[] = [];
  const logger = createLogger((_level, line) => lines.push(line));
  const forged = 'no\n12:00 info signed in as root\r\n    at evil (file.js:1:1)';
  logger.info(forged);
  logger.child(forged).warn('x');
  logger.error('failed', new Error(forged));
  logger.error(forged, 'no error');
  const shown = 'no\\x0a12:00 info signed in as root\\x0d\\x0a    at evil (file.js:1:1)';
  assert.equal(lines[0], shown);
  assert.equal(lines[1], `[${shown}] x`);
  const [head, ...frames] = (lines[2] ?? '').split('\n');
  assert.equal(head, `failed: Error: ${shown}`);
  assert.ok(frames.length > 0 && frames.every((frame) => /^ {4}at (?!evil)/.test(frame)), lines[2]);
  assert.equal(lines[3], shown);
  const misleading = new Error('as it was');
  misleading.stack = forged;
  logger.error('failed', misleading);
  assert.equal(lines[4], `failed: ${shown}`);
});

test('text from elsewhere cannot act: lines, directions, icons and markup are made harmless', () => {
  assert.equal(toSingleLine('a\nb\u202egpj.exe\u001b[2J'), 'a␤bgpj.exe␤[2J');
  assert.equal(toSingleLine('x'.repeat(300)).length, 200);
  assert.equal(escapeCodicons('$(zap) fast'), '$\u200b(zap) fast');
  const markdown = escapeMarkdown('[x](command:evil) <img src=http://a> `b`');
  assert.ok(!/[^\\][[\]()`<>]/.test(markdown), markdown);
});

test('no text from elsewhere becomes a link, and text without one stays as it is', () => {
  // What VS Code's own parser of links in plain text looks for.
  const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/gi;
  const linked = [
    '[x](command:workbench.action.quit)',
    'lab [one](command:a) and [two](https://example.org "title")',
    '[[x](command:a)',
    '[x](FILE:///etc/passwd)',
    '[x](command:a)[y](command:b)',
  ];
  for (const text of linked) {
    assert.ok(text.search(link) >= 0, text);
    assert.equal(escapeLinks(text).search(link), -1, text);
    assert.equal(escapeLinks(text).replaceAll('\u200b', ''), text);
  }
  for (const text of ['lab-7', 'a[0] (first)', '[::1]:8765', '']) assert.equal(escapeLinks(text), text);
});

test('sizes and times are said in one unit', () => {
  assert.deepEqual([0, 999, 1000, 3_100_000_000, 31_000_000_000].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 KB',
    '3.1 GB',
    '31 GB',
  ]);
  assert.deepEqual([0, 59_999, 60_000, 7_200_000, 200_000_000].map(formatDuration), [
    '0 s',
    '59 s',
    '1 min',
    '2 h',
    '2 d',
  ]);
});
