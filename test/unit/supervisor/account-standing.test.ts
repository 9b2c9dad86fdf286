import assert from 'node:assert/strict';
import test from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import type { Account } from '../../../src/daemon/supervisor/account';
import { AccountStanding } from '../../../src/daemon/supervisor/account-standing';
import type { CredentialAnswer } from '../../../src/daemon/supervisor/credential-checker';
import { account } from './support/many-users';

const minuteMs = 60_000;

/** The standing of a machine's accounts, in which each check takes until the test lets it go on. */
function standingOf(accounts: readonly Account[]) {
  const clock = { nowMs: 0 };
  const locked = new Set<string>();
  const held: (() => void)[] = [];
  const counts = { asked: 0, atOnce: 0, most: 0 };
  const checkAccount = async (username: string): Promise<Exclude<CredentialAnswer, { kind: 'more' }>> => {
    counts.asked += 1;
    counts.atOnce += 1;
    counts.most = Math.max(counts.most, counts.atOnce);
    const isLocked = locked.has(username);
    await new Promise<void>((resolve) => held.push(resolve));
    counts.atOnce -= 1;
    return isLocked ? { kind: 'refused', reason: 'locked' } : { kind: 'accepted', username };
  };
  const standing = new AccountStanding({
    accounts: {
      byName: (name) => Promise.resolve(accounts.find((one) => one.name === name)),
      byUid: (uid) => Promise.resolve(accounts.find((one) => one.uid === uid)),
    },
    credentials: {
      begin: () => Promise.reject(new Error('nobody signs in here')),
      continue: () => Promise.reject(new Error('nobody signs in here')),
      end: () => undefined,
      checkAccount,
    },
    judge: () => Promise.resolve({ isAllowed: true }),
    log: silentLogger,
    now: () => clock.nowMs,
  });
  /** Lets what is checked now end, and what follows it begin. */
  const goOn = async () => {
    for (const release of held.splice(0)) release();
    await settle();
  };
  return { standing, clock, locked, counts, goOn };
}

test('a good answer counts from its question on, however long the check took', async () => {
  const ada = account('ada', { uid: 1001 });
  const { standing, clock, locked, counts, goOn } = standingOf([ada]);
  const first = standing.of('ada', 1001);
  await settle();
  // PAM has looked already, and its answer is late.
  locked.add('ada');
  clock.nowMs += 0.4 * minuteMs;
  await goOn();
  assert.equal((await first).kind, 'good');
  clock.nowMs = 8 * minuteMs - 1;
  assert.equal((await standing.of('ada', 1001)).kind, 'good');
  assert.equal(counts.asked, 1);
  clock.nowMs = 8 * minuteMs;
  const second = standing.of('ada', 1001);
  await settle();
  await goOn();
  assert.equal((await second).kind, 'bad');
});

test('two hundred accounts whose answers grow old together are all looked at, a few at once', async () => {
  const accounts = Array.from({ length: 200 }, (_, index) => account(`user${index}`, { uid: 2_000 + index }));
  const { standing, locked, counts, goOn } = standingOf(accounts);
  locked.add('user199');
  const all = Promise.all(accounts.map(({ name, uid }) => standing.of(name, uid)));
  await settle();
  for (let rounds = 0; rounds < 200; rounds += 1) await goOn();
  const kinds = (await all).map(({ kind }) => kind);
  assert.deepEqual(kinds, [...new Array<string>(199).fill('good'), 'bad']);
  assert.ok(counts.most <= 8, `${counts.most} at once`);
});

async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
