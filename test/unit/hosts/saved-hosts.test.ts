import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../../src/base/event';
import type { HostStorage, SavedHost } from '../../../src/extension/hosts/host';
import { SavedHosts } from '../../../src/extension/hosts/saved-hosts';

function sharedStorage(initial: readonly SavedHost[]): HostStorage {
  let saved = initial;
  return {
    read: () => saved,
    write: (hosts) => {
      saved = hosts;
      return Promise.resolve();
    },
    onDidChange: new Emitter<void>().event,
  };
}

const host = (id: string, name = id): SavedHost => ({ id, name, endpoints: [] });

test('two windows that change different hosts undo nothing of each other', async () => {
  const storage = sharedStorage([host('a'), host('b')]);
  const [one, other] = [new SavedHosts(storage), new SavedHosts(storage)];
  await Promise.all([
    one.put(host('a', 'changed')),
    other.put(host('c')),
    one.put(host('d')),
    other.delete('b'),
  ]);
  assert.deepEqual(storage.read(), [host('a', 'changed'), host('c'), host('d')]);
});

test('a reader sees its own change at once, and what the storage says afterwards', async () => {
  const storage = sharedStorage([]);
  const hosts = new SavedHosts(storage);
  const first = hosts.put(host('a', 'one'));
  const second = hosts.put(host('a', 'two'));
  assert.equal(hosts.get('a')?.name, 'two');
  await Promise.all([first, second]);
  assert.deepEqual(storage.read(), [host('a', 'two')]);
  await storage.write([]);
  assert.equal(hosts.get('a'), undefined);
});
