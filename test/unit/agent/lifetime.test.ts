import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../../src/base/time';
import { Lifetime } from '../../../src/daemon/agent/lifetime';

/** A clock that a test moves. */
function manualClock(): Clock & { advance(timeMs: number): void; isIdle(): boolean } {
  let now = 0;
  const waiting = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    now: () => now,
    isIdle: () => waiting.size === 0,
    schedule(timeMs, callback) {
      const entry = { at: now + timeMs, callback };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    advance(timeMs) {
      now += timeMs;
      for (const entry of [...waiting]) {
        if (entry.at > now) continue;
        waiting.delete(entry);
        entry.callback();
      }
    },
  };
}

function watched(graceTimeMs: number) {
  const clock = manualClock();
  const lifetime = new Lifetime(graceTimeMs, clock);
  const ends: string[] = [];
  lifetime.onDidEnd((reason) => ends.push(reason));
  return { clock, lifetime, ends };
}

test('an agent that nobody ever speaks to ends after the grace time', () => {
  const { clock, lifetime, ends } = watched(1000);
  lifetime.start();
  clock.advance(999);
  assert.equal(ends.length, 0);
  clock.advance(1);
  assert.deepEqual(ends, ['nobody has used it for 1 s']);
});

test('it does not end while anybody holds it, and the grace time begins with the last release', () => {
  const { clock, lifetime, ends } = watched(1000);
  lifetime.start();
  const first = lifetime.hold('a connection');
  const second = lifetime.hold('a kernel starts');
  clock.advance(100_000);
  first.dispose();
  clock.advance(100_000);
  assert.deepEqual(lifetime.reasons, ['a kernel starts']);
  second.dispose();
  clock.advance(999);
  assert.equal(ends.length, 0);
  clock.advance(1);
  assert.equal(ends.length, 1);
});

test('a use within the grace time begins it anew, and releasing twice counts once', () => {
  const { clock, lifetime, ends } = watched(1000);
  const first = lifetime.hold('a connection');
  first.dispose();
  clock.advance(500);
  const second = lifetime.hold('a connection');
  first.dispose();
  clock.advance(5000);
  assert.equal(ends.length, 0);
  second.dispose();
  clock.advance(1000);
  assert.equal(ends.length, 1);
});

test('after disposal nothing ends it any more', () => {
  const { clock, lifetime, ends } = watched(1000);
  lifetime.start();
  const connection = lifetime.hold('a connection');
  lifetime.dispose();
  connection.dispose();
  assert.equal(clock.isIdle(), true);
  clock.advance(10_000);
  assert.equal(ends.length, 0);
});
