import assert from 'node:assert/strict';
import test from 'node:test';
import { RateLimiter, signInRateLimits } from '../../../src/daemon/supervisor/rate-limiter';
import { attemptsBeforePause } from '../../../src/protocol/front-door';

/** A limiter with a clock that the test moves. */
function limiter(changes: Partial<typeof signInRateLimits> = {}) {
  const clock = { nowMs: 0 };
  const made = new RateLimiter({ ...signInRateLimits, ...changes }, () => clock.nowMs);
  return { made, clock, take: (source: string) => made.take(source) };
}

test('a source has as many attempts before a pause as the protocol says, then 30 s, then a minute', () => {
  const { take, clock } = limiter();
  for (let count = 0; count < attemptsBeforePause; count += 1)
    assert.deepEqual(take('a'), { isAllowed: true });
  assert.deepEqual(take('a'), { isAllowed: false, retryAfterMs: 30_000 });
  clock.nowMs = 29_000;
  assert.deepEqual(take('a'), { isAllowed: false, retryAfterMs: 1_000 });
  clock.nowMs = 30_000;
  for (let count = 0; count < attemptsBeforePause; count += 1)
    assert.deepEqual(take('a'), { isAllowed: true });
  assert.deepEqual(take('a'), { isAllowed: false, retryAfterMs: 60_000 });
});

test('pauses grow to 15 minutes and no further', () => {
  const { take, clock } = limiter({ totalBurst: 1e6 });
  let longestMs = 0;
  for (let count = 0; count < 200; count += 1) {
    const decision = take('a');
    if (decision.isAllowed) continue;
    longestMs = Math.max(longestMs, decision.retryAfterMs);
    clock.nowMs += decision.retryAfterMs;
  }
  assert.equal(longestMs, 15 * 60_000);
});

test('one source that waits does not keep another from signing in', () => {
  const { take } = limiter();
  for (let count = 0; count < 4; count += 1) take('a');
  assert.equal(take('a').isAllowed, false);
  assert.equal(take('b').isAllowed, true);
});

test('a sign-in that succeeded clears what its source has tried', () => {
  const { made, take } = limiter();
  take('a');
  take('a');
  made.succeeded('a');
  for (let count = 0; count < attemptsBeforePause; count += 1) assert.equal(take('a').isAllowed, true);
});

test('a source is forgotten after an hour of silence', () => {
  const { take, clock } = limiter();
  take('a');
  take('a');
  clock.nowMs = 60 * 60_000 + 1;
  for (let count = 0; count < attemptsBeforePause; count += 1) assert.equal(take('a').isAllowed, true);
});

test('all sources together get 30 attempts at once and one more every two seconds', () => {
  const { take, clock } = limiter();
  const allowed = Array.from({ length: 100 }, (_, index) => take(`source ${index}`)).filter(
    ({ isAllowed }) => isAllowed,
  );
  assert.equal(allowed.length, 30);
  assert.deepEqual(take('late'), { isAllowed: false, retryAfterMs: 2_000 });
  clock.nowMs = 2_000;
  assert.equal(take('late').isAllowed, true);
  assert.equal(take('later').isAllowed, false);
});

test('a million sources cost the memory of a thousand', () => {
  const { made, clock } = limiter();
  for (let index = 0; index < 1_000_000; index += 1) {
    clock.nowMs += 2_000;
    made.take(`source ${index}`);
  }
  assert.equal(made.size, signInRateLimits.maxSources);
});

test('forgetting the oldest source does not forget one that still tries', () => {
  const { made, take } = limiter({ maxSources: 3, totalBurst: 1000 });
  take('persistent');
  for (const other of ['b', 'c']) take(other);
  take('persistent');
  for (const other of ['d', 'e']) take(other);
  take('persistent');
  assert.equal(made.size, 3);
  assert.equal(take('persistent').isAllowed, false);
});
