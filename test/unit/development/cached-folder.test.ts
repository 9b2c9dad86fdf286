import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { cachedFolder, cacheRoot } from '../../../src/development/cached-folder';
import { temporaryFolder } from '../../support/temporary-folder';

const signal = AbortSignal.timeout(30_000);

/** Lets the cache lie in a folder of the test. The tests of a file run one after another. */
async function ownCache(t: TestContext): Promise<string> {
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = await temporaryFolder(t);
  t.after(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  });
  await mkdir(cacheRoot(), { recursive: true });
  return cacheRoot();
}

test('a folder is made once and found afterwards, at the path under which it was made', async (t) => {
  await ownCache(t);
  const made: string[] = [];
  const wanted = {
    name: 'thing-1.0',
    build: async (folder: string) => {
      made.push(folder);
      await writeFile(join(folder, 'content'), 'ready');
    },
  };
  const first = await cachedFolder(wanted, signal);
  assert.equal(await cachedFolder(wanted, signal), first);
  assert.deepEqual(made, [first]);
  assert.equal(await readFile(join(first, 'content'), 'utf8'), 'ready');
});

test('of several that ask at once one makes it and all get the same', async (t) => {
  await ownCache(t);
  let count = 0;
  const wanted = {
    name: 'thing',
    build: () => {
      count += 1;
      return Promise.resolve();
    },
  };
  const folders = await Promise.all([1, 2, 3].map(() => cachedFolder(wanted, signal)));
  assert.equal(count, 1);
  assert.equal(new Set(folders).size, 1);
});

test('a build that fails leaves nothing behind, and the next one starts from an empty folder', async (t) => {
  const root = await ownCache(t);
  const failing = { name: 'thing', build: () => Promise.reject(new Error('no network')) };
  await assert.rejects(cachedFolder(failing, signal), /no network/);
  assert.deepEqual(await readdir(root), []);
  const empty = {
    name: 'thing',
    build: async (folder: string) => assert.deepEqual(await readdir(folder), []),
  };
  await cachedFolder(empty, signal);
});

test('the lock and the half-made folder of a process that died are taken over', async (t) => {
  const root = await ownCache(t);
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  await mkdir(join(root, 'thing.lock'));
  await writeFile(join(root, 'thing.lock', `${dead}-1`), '');
  await mkdir(join(root, 'thing.0123abcd'));
  await writeFile(join(root, 'thing.0123abcd', 'half'), '');
  const folder = await cachedFolder({ name: 'thing', build: () => Promise.resolve() }, signal);
  const names = await readdir(root);
  assert.deepEqual(names.sort(), ['thing', folder.slice(root.length + 1)].sort());
});

test('a lock that is held by a living process is waited for', async (t) => {
  const root = await ownCache(t);
  const start = (await readFile('/proc/self/stat', 'utf8').catch(() => '')).split(' ')[21] ?? 'unknown';
  await mkdir(join(root, 'thing.lock'));
  await writeFile(join(root, 'thing.lock', `${process.pid}-${start}`), '');
  const wanted = { name: 'thing', build: () => Promise.resolve() };
  await assert.rejects(cachedFolder(wanted, AbortSignal.timeout(700)), /timeout/i);
});
