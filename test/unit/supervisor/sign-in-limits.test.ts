import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { SignInLimits } from '../../../src/daemon/supervisor/sign-in-limits';

function limitsOf() {
  const clock = { nowMs: 0 };
  const limits = new SignInLimits(() => clock.nowMs);
  return { clock, limits, begin: (account: string, source: string) => limits.begin(account, source) };
}

test('three attempts at an account from a source, then a pause that doubles', () => {
  const { clock, begin } = limitsOf();
  for (const pauseMs of [30_000, 60_000, 120_000]) {
    for (let count = 0; count < 3; count += 1) assert.equal(begin('ada', 'x').isAllowed, true);
    assert.deepEqual(begin('ada', 'x'), { isAllowed: false, retryAfterMs: pauseMs });
    clock.nowMs += pauseMs;
  }
});

test('an account that is attacked from a thousand sources can be used from another, after 4 s at most', () => {
  const { begin } = limitsOf();
  for (let index = 0; index < 1000; index += 1)
    for (let count = 0; count < 4; count += 1) begin('ada', `attacker ${index}`);
  const decision = begin('ada', 'home');
  assert.ok(decision.isAllowed);
  assert.equal(decision.delayMs, 4_000);
});

test('where an account has signed in before it does not wait for what others do', () => {
  const { limits, begin } = limitsOf();
  begin('ada', 'home');
  limits.accepted('ada', 'home');
  for (let index = 0; index < 100; index += 1) begin('ada', `attacker ${index}`);
  assert.deepEqual(begin('ada', 'home'), { isAllowed: true, delayMs: 0, isKnown: true });
});

test('an account is known where it signed in last, and in no more than eight places', () => {
  const { limits, begin } = limitsOf();
  const places = Array.from({ length: 10 }, (_, index) => `place ${index}`);
  for (const place of [...places, 'place 2']) limits.accepted('ada', place);
  limits.accepted('bob', 'place 0');
  const known = places.filter((place) => {
    const decision = begin('ada', place);
    return decision.isAllowed && decision.isKnown;
  });
  assert.deepEqual(known, places.slice(2));
  const bob = begin('bob', 'place 0');
  assert.ok(bob.isAllowed && bob.isKnown);
});

test('another account of the same source is not held up by a neighbour who mistypes', () => {
  const { begin } = limitsOf();
  for (let count = 0; count < 4; count += 1) begin('ada', 'lab');
  assert.equal(begin('ada', 'lab').isAllowed, false);
  assert.deepEqual(begin('bob', 'lab'), { isAllowed: true, delayMs: 0, isKnown: false });
});

test('one password for every account of the machine ends after a hundred accounts, another source goes on', () => {
  const { begin } = limitsOf();
  const allowed = Array.from({ length: 500 }, (_, index) => begin(`user ${index}`, 'x')).filter(
    ({ isAllowed }) => isAllowed,
  );
  assert.equal(allowed.length, 100);
  assert.equal(begin('user 499', 'y').isAllowed, true);
});

test('a class of 300 that signs in from one address is not held up', () => {
  const { limits, begin } = limitsOf();
  for (let index = 0; index < 300; index += 1) {
    assert.deepEqual(begin(`user ${index}`, 'lab'), { isAllowed: true, delayMs: 0, isKnown: false });
    limits.accepted(`user ${index}`, 'lab');
  }
});

test('signing in with an account of one’s own does not wash off guesses at others', () => {
  const { limits, begin } = limitsOf();
  let guesses = 0;
  for (let round = 0; round < 500; round += 1) {
    if (begin('eve', 'x').isAllowed) limits.accepted('eve', 'x');
    if (begin(`victim ${round}`, 'x').isAllowed) guesses += 1;
  }
  assert.ok(guesses <= 100, `${guesses} guesses`);
});

test('a name counts alike in every case', () => {
  const { begin } = limitsOf();
  for (const name of ['ada', 'ADA', 'Ada']) assert.equal(begin(name, 'x').isAllowed, true);
  assert.equal(begin('aDa', 'x').isAllowed, false);
});

test('what was not looked at costs nothing, and what failed later counts again', () => {
  const { limits, begin } = limitsOf();
  for (let count = 0; count < 10; count += 1) {
    assert.equal(begin('ada', 'x').isAllowed, true);
    limits.notChecked('ada', 'x');
  }
  begin('ada', 'x');
  limits.failedLater('ada', 'x');
  begin('ada', 'x');
  assert.equal(begin('ada', 'x').isAllowed, false);
});

test('a hundred thousand names from as many sources cost bounded memory', () => {
  const { limits, begin } = limitsOf();
  for (let index = 0; index < 100_000; index += 1) begin(`${'n'.repeat(900)}${index}`, `source ${index}`);
  assert.ok(limits.size <= 8_192 + 4_096 + 4_096 + 8_192, `${limits.size}`);
});

test('a sign-in costs far less than a hash for every place that is known', () => {
  const { limits } = limitsOf();
  for (let index = 0; index < 8_192; index += 1) limits.accepted(`user ${index}`, 'home');
  const shortestMs = (work: () => void) => {
    const timesMs = Array.from({ length: 10 }, () => {
      const beganMs = performance.now();
      work();
      return performance.now() - beganMs;
    });
    return Math.min(...timesMs);
  };
  const hashingMs = shortestMs(() => {
    for (let index = 0; index < 8_192; index += 1) createHash('sha256').update('ada').digest('base64url');
  });
  const signInMs = shortestMs(() => limits.accepted('ada', 'home'));
  assert.ok(signInMs < hashingMs / 2, `${signInMs} ms, and ${hashingMs} ms to hash`);
});
