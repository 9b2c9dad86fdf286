import assert from 'node:assert/strict';
import test from 'node:test';
import { CheckQueue } from '../../../src/daemon/supervisor/check-queue';

/** A queue whose checks end when the test says so, and the order in which they began. */
function queueOf(maxRunning: number, maxWaiting: number) {
  const queue = new CheckQueue({ maxRunning, maxWaiting });
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const controller = new AbortController();
  const run = (source: string, name = source, isPreferred = false) =>
    queue.run(
      source,
      () => {
        began.push(name);
        return new Promise<string>((resolve) => ends.push(() => resolve(name)));
      },
      controller.signal,
      isPreferred,
    );
  const endNext = async () => {
    ends.shift()?.();
    for (let turns = 0; turns < 5; turns += 1) await Promise.resolve();
  };
  return { queue, run, began, endNext, controller };
}

test('no more checks run at once than are allowed, and all of them run in the end', async () => {
  const { run, began, endNext } = queueOf(2, 10);
  const all = Array.from({ length: 6 }, (_, index) => run('a', `${index}`));
  await Promise.resolve();
  assert.equal(began.length, 2);
  for (let count = 0; count < 6; count += 1) await endNext();
  assert.deepEqual(await Promise.all(all), ['0', '1', '2', '3', '4', '5']);
});

test('a source with many attempts delays another by one check only', async () => {
  const { run, began, endNext } = queueOf(1, 100);
  const all = Array.from({ length: 50 }, (_, index) => run('attacker', `attack ${index}`));
  await Promise.resolve();
  all.push(run('home'));
  await endNext();
  await endNext();
  assert.ok(began.indexOf('home') <= 2, began.join());
  for (let count = 0; count < 51; count += 1) await endNext();
  assert.equal(await all.at(-1), 'home');
});

test('a source whose check was right comes next when it is back, and those who guess stay in their order', async () => {
  const { queue, run, began, endNext } = queueOf(1, 100);
  const attackers = ['a', 'b', 'c', 'd'];
  const all = [...attackers, ...attackers, ...attackers].map((source) => run(source));
  await Promise.resolve();
  all.push(run('home', 'first'));
  while (!began.includes('first')) await endNext();
  all.push(run('home', 'second'));
  await endNext();
  assert.ok(!began.includes('second'), began.join());
  queue.forgetTurn('home');
  await endNext();
  assert.equal(began.at(-1), 'second', began.join());
  while (began.length < all.length) await endNext();
  assert.deepEqual(began.slice(-4).sort(), attackers);
  for (let count = 0; count < 2; count += 1) await endNext();
  await Promise.all(all);
});

test('a preferred check comes before sources that ask for the first time, but not again and again', async () => {
  const { run, began, endNext } = queueOf(1, 100);
  const all = Array.from({ length: 20 }, (_, index) => run(`attacker ${index}`));
  await Promise.resolve();
  all.push(run('home', 'first', true), run('home', 'second', true));
  await endNext();
  assert.deepEqual(began.slice(1), ['first']);
  while (!began.includes('second')) await endNext();
  assert.ok(began.length >= 21, 'after everybody else');
  await endNext();
  await Promise.all(all);
});

test('a full queue pushes out an attempt of the source that has the most there', async () => {
  const { run, endNext } = queueOf(1, 4);
  const running = run('attacker');
  const waiting = Array.from({ length: 4 }, () => run('attacker'));
  const home = run('home');
  assert.equal(await waiting[3], 'full');
  assert.equal(await Promise.race([run('attacker'), running]), 'full');
  for (let count = 0; count < 6; count += 1) await endNext();
  assert.equal(await home, 'home');
});

const strangers: readonly [what: string, sourceOf: (index: number) => string][] = [
  ['many addresses', (index) => `203.0.113.${index}`],
  ['the networks of one household', (index) => `2001:db8:1:${index.toString(16)}::/64`],
  ['many households', (index) => `2001:db8:${index.toString(16)}:0::/64`],
];

for (const [what, sourceOf] of strangers) {
  test(`a preferred check keeps its place in a queue that strangers of ${what} fill`, async () => {
    const { run, began, endNext } = queueOf(1, 8);
    const all = Array.from({ length: 9 }, (_, index) => run(sourceOf(index)));
    const home = run('home', 'home', true);
    const late = Array.from({ length: 50 }, (_, index) => run(sourceOf(index + 9)));
    await Promise.resolve();
    await endNext();
    assert.deepEqual(began.slice(1), ['home'], 'it comes next');
    for (let count = 0; count < 20; count += 1) await endNext();
    assert.equal(await home, 'home');
    await Promise.all([...all, ...late]);
  });
}

test('where all are preferred the one of the most crowded source gives way', async () => {
  const { run, endNext } = queueOf(1, 3);
  const running = run('class', 'first', true);
  const all = ['class', 'class', 'home', 'class'].map((source, index) => run(source, `${index}`, true));
  assert.equal(await all[3], 'full');
  for (let count = 0; count < 5; count += 1) await endNext();
  assert.deepEqual(await Promise.all([running, ...all]), ['first', '0', '1', '2', 'full']);
});

test('a household with hundreds of networks is one source: another one waits for one check of it and keeps its place', async () => {
  const { run, began, endNext } = queueOf(1, 16);
  const inside = (index: number) => `2001:db8:1:${index.toString(16)}::/64`;
  const all = Array.from({ length: 17 }, (_, index) => run(inside(index), 'household'));
  const homes = ['198.51.100.1', '2001:db8:2:0::/64', '198.51.100.2'].map((source) => run(source));
  const late = Array.from({ length: 200 }, (_, index) => run(inside(index + 17), 'household'));
  await Promise.resolve();
  for (let count = 0; count < 3; count += 1) await endNext();
  assert.equal(began.filter((name) => name !== 'household').length, 3, began.join());
  for (let count = 0; count < 20; count += 1) await endNext();
  assert.deepEqual(await Promise.all(homes), ['198.51.100.1', '2001:db8:2:0::/64', '198.51.100.2']);
  await Promise.all([...all, ...late]);
});

test('a check that fails makes room for the next', async () => {
  const queue = new CheckQueue({ maxRunning: 1, maxWaiting: 1 });
  const { signal } = new AbortController();
  await assert.rejects(
    queue.run('a', () => Promise.reject(new Error('gone')), signal),
    /gone/,
  );
  assert.equal(await queue.run('a', () => Promise.resolve(7), signal), 7);
});

test('who goes away while waiting leaves the queue', async () => {
  const { run, began, endNext, controller } = queueOf(1, 4);
  const first = run('a', 'first');
  const second = run('a', 'second');
  controller.abort(new Error('left'));
  await assert.rejects(second, /left/);
  await endNext();
  assert.equal(await first, 'first');
  assert.deepEqual(began, ['first']);
});
