import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toError } from '../../../src/base/errors';
import { RequestRoom } from '../../../src/daemon/front-door/request-room';
import { maxSupervisorRequests, type Asker } from '../../../src/protocol/supervisor';

const user = (name: string): Asker => ({ user: name });
const source = (address: string): Asker => ({ source: address });
const numbered = (count: number, of: (name: string) => Asker) =>
  Array.from({ length: count }, (_, at) => of(`${at}`));

/** Everybody takes what they get, in turn. Gives how many places that is. */
function takeAll(room: RequestRoom, askers: readonly Asker[]): number {
  let taken = 0;
  for (let before = -1; before !== taken;) {
    before = taken;
    for (const asker of askers) if (room.takeForOther(asker) !== undefined) taken += 1;
  }
  return taken;
}

const crowds: readonly [
  what: string,
  held: readonly Asker[],
  holds: number,
  comes: Asker,
  getsIn: boolean,
][] = [
  ['one user', [user('ada')], 4, user('bob'), true],
  ['ten users together', numbered(10, user), 40, user('bob'), true],
  ['eighteen users together', numbered(18, user), 72, user('bob'), true],
  ['one source', [source('192.0.2.1')], 8, source('192.0.2.2'), true],
  ['four sources together', numbered(4, source), 32, source('192.0.2.2'), true],
  ['all sources there are', numbered(200, source), 40, user('bob'), true],
  ['all sources, for another one', numbered(200, source), 40, source('192.0.2.2'), false],
  ['ten users, for a source', numbered(10, user), 40, source('192.0.2.2'), true],
  ['ten users and all sources', [...numbered(10, user), ...numbered(200, source)], 77, user('bob'), true],
  ['all users there are', numbered(200, user), 80, user('bob'), false],
  ['a user of the name of a source', [user('192.0.2.1')], 4, source('192.0.2.1'), true],
];

for (const [what, held, holds, comes, getsIn] of crowds) {
  test(`what is left beside ${what}`, () => {
    const room = new RequestRoom();
    assert.equal(takeAll(room, held), holds);
    assert.equal(room.takeForOther(comes) !== undefined, getsIn);
  });
}

test('sign-ins and others together are fewer than the channel bears, whoever asks', () => {
  const room = new RequestRoom();
  let taken = takeAll(room, [...numbered(300, user), ...numbered(300, source)]);
  for (let at = 0; at < 1_000; at += 1) if (room.takeForSignIn(`${at % 300}`) !== undefined) taken += 1;
  assert.ok(taken < maxSupervisorRequests, `${taken} places`);
});

test('who waits comes in the order of the calls, and nobody waits behind one who has used up a share', async () => {
  const room = new RequestRoom();
  const { signal } = new AbortController();
  const adas = Array.from({ length: 4 }, () => room.takeForOther(user('ada')));
  takeAll(room, numbered(200, user));
  const entered: string[] = [];
  const wait = (name: string, asker: Asker) =>
    room.waitForOther(asker, signal).then((giveBack) => {
      entered.push(name);
      return giveBack;
    });
  const first = wait('ada, her fifth', user('ada'));
  const second = wait('bob', user('bob'));
  const third = wait('carol', user('carol'));
  assert.equal(room.takeForOther(user('eve')), undefined, 'all places are taken');
  adas[0]?.();
  const giveBack = await second;
  assert.deepEqual(entered, ['bob']);
  giveBack();
  await third;
  adas[1]?.();
  adas[2]?.();
  await first;
  assert.deepEqual(entered, ['bob', 'carol', 'ada, her fifth']);
});

test('who goes away while they wait takes no place', async () => {
  const room = new RequestRoom();
  const held = Array.from({ length: 4 }, () => room.takeForOther(user('ada')));
  const leaving = new AbortController();
  const left = room.waitForOther(user('ada'), leaving.signal);
  leaving.abort(new Error('went away'));
  await assert.rejects(left, /went away/);
  for (const giveBack of held) giveBack?.();
  assert.equal(takeAll(room, [user('ada')]), 4);
});

/** Each source signs in as often as it can, in turn. Gives how many places that is. */
function signInAll(room: RequestRoom, sources: readonly string[]): number {
  let taken = 0;
  for (let before = -1; before !== taken;) {
    before = taken;
    for (const one of sources) if (room.takeForSignIn(one) !== undefined) taken += 1;
  }
  return taken;
}

test('strangers of all sources leave room for the sign-in of who comes back, and for nobody else', () => {
  const room = new RequestRoom();
  room.signedInFrom('198.51.100.1');
  const held = signInAll(
    room,
    Array.from({ length: 400 }, (_, at) => `203.0.113.${at}`),
  );
  assert.equal(held, 140);
  assert.equal(room.takeForSignIn('198.51.100.2'), undefined);
  assert.ok(room.takeForSignIn('198.51.100.1'));
});

test('the networks of one household have the room of one source', () => {
  const room = new RequestRoom();
  const household = Array.from({ length: 256 }, (_, at) => `2001:db8:1:${at.toString(16)}::/64`);
  const held = signInAll(room, household);
  assert.equal(held, signInAll(new RequestRoom(), ['203.0.113.1']));
  assert.ok(room.takeForSignIn('2001:db8:2:0::/64'));
});

test('so many sources are remembered, those where somebody signed in last', () => {
  const room = new RequestRoom();
  for (let at = 0; at < 2_000; at += 1) room.signedInFrom(`source ${at}`);
  signInAll(
    room,
    Array.from({ length: 400 }, (_, at) => `203.0.113.${at}`),
  );
  assert.equal(room.takeForSignIn('source 975'), undefined);
  assert.ok(room.takeForSignIn('source 976'));
});

test('who sends many ahead on one connection has few of them wait, and keeps nobody out who comes from the same source', async () => {
  const room = new RequestRoom();
  const { signal } = new AbortController();
  const by = (connection: number): Asker => ({ source: '192.0.2.1', connection });
  const held = Array.from({ length: 8 }, () => room.takeForOther(by(1)));
  const entered: number[] = [];
  const wait = (connection: number) =>
    room.waitForOther(by(connection), signal).then((giveBack) => {
      entered.push(connection);
      return giveBack;
    });
  const flood = Array.from({ length: 1_000 }, () => wait(1));
  const late = wait(2);
  const refused = await Promise.allSettled(flood.slice(4));
  assert.ok(
    refused.every(
      (one) => one.status === 'rejected' && (one.reason as { code: string }).code === 'agent-unavailable',
    ),
  );
  held[0]?.();
  held[1]?.();
  await late;
  assert.deepEqual(entered, [1, 2]);
  for (const giveBack of held.slice(2)) giveBack?.();
  await Promise.all(flood.slice(0, 4));
});

test('however many sources and connections there are, so many wait at most', async () => {
  const room = new RequestRoom();
  takeAll(room, numbered(200, source));
  const leaving = new AbortController();
  const settled = { waiting: 0, refused: 0 };
  const all = Array.from({ length: 20_000 }, (_, at) =>
    room
      .waitForOther({ source: `${at % 100}`, connection: at }, leaving.signal)
      .catch((error: unknown) => (settled[toError(error).message === 'over' ? 'waiting' : 'refused'] += 1)),
  );
  leaving.abort(new Error('over'));
  await Promise.all(all);
  assert.deepEqual(settled, { waiting: 2_048, refused: 20_000 - 2_048 });
});

test('who has gone does not wait any more, and leaves the place to another', async () => {
  const room = new RequestRoom();
  const { signal } = new AbortController();
  const leaving = new AbortController();
  const asker = { source: '192.0.2.1', connection: 1 };
  const held = Array.from({ length: 8 }, () => room.takeForOther(asker));
  const left = Array.from({ length: 4 }, () =>
    room
      .waitForOther({ ...asker, gone: leaving.signal }, signal)
      .catch((error: unknown) => toError(error).message),
  );
  leaving.abort(new Error('went away'));
  assert.deepEqual(await Promise.all(left), Array<string>(4).fill('went away'));
  const next = room.waitForOther(asker, signal);
  held[0]?.();
  assert.ok(await next);
});
