import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListStore } from '../../../src/extension/remote/list-store';
import { ManualClock } from '../hosts/manual-clock';

interface Item {
  readonly id: string;
  readonly label: string;
}

function createStore() {
  const clock = new ManualClock();
  const store = new ListStore<Item>(({ label }) => label, clock);
  let changes = 0;
  store.onDidChange(() => (changes += 1));
  return { clock, store, changes: () => changes };
}

test('three hundred items that stream in are one change', () => {
  const { clock, store, changes } = createStore();
  const telling = store.beginTelling();
  assert.equal(store.freshness, 'loading');
  for (let index = 0; index < 300; index += 1) telling.put({ id: String(index), label: `e${index}` });
  telling.complete();
  assert.equal(changes(), 0);
  clock.advance(50);
  assert.equal(changes(), 1);
  assert.equal(store.items.length, 300);
  assert.equal(store.freshness, 'current');
});

test('the order is by name as people count, then by id, whatever came first', () => {
  const { store } = createStore();
  const telling = store.beginTelling();
  for (const [id, label] of [
    ['3', 'env10'],
    ['2', 'env9'],
    ['1', 'env9'],
    ['4', 'Analysis'],
  ] as const)
    telling.put({ id, label });
  assert.deepEqual(
    store.items.map(({ id }) => id),
    ['4', '1', '2', '3'],
  );
});

test('what was known stays while the list is told again, and goes when it was not named', () => {
  const { store } = createStore();
  const first = store.beginTelling();
  first.put({ id: 'a', label: 'a' });
  first.put({ id: 'b', label: 'b' });
  first.complete();
  store.markStale();
  assert.equal(store.freshness, 'stale');
  assert.equal(store.items.length, 2);
  const second = store.beginTelling();
  second.put({ id: 'b', label: 'b2' });
  assert.deepEqual(
    [...store.items].map(({ label }) => label),
    ['a', 'b2'],
  );
  second.complete();
  assert.deepEqual(
    [...store.items].map(({ label }) => label),
    ['b2'],
  );
  second.remove('b');
  assert.deepEqual(store.items, []);
});

test('the array is replaced and never changed', () => {
  const { store } = createStore();
  const telling = store.beginTelling();
  telling.put({ id: 'a', label: 'a' });
  const before = store.items;
  assert.equal(store.items, before);
  telling.put({ id: 'b', label: 'b' });
  assert.deepEqual(before.length, 1);
  assert.notEqual(store.items, before);
});

test('a list that was never told is unknown, not stale', () => {
  const { store } = createStore();
  store.markStale();
  assert.equal(store.freshness, 'unknown');
});
