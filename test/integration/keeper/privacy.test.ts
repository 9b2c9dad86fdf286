import assert from 'node:assert/strict';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { processesWith } from '../../../src/development/processes';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { parseKeeperRecord } from '../../../src/protocol/keeper';
import { startKeeper } from './driven-keeper';

/** Everything below a folder with its kind and permissions. */
async function listAll(folder: string): Promise<{ path: string; kind: string; mode: number }[]> {
  const found = await lstat(folder);
  // A link has no permissions of its own: all of them look open on Linux, and the claim points nowhere.
  if (found.isSymbolicLink()) return [{ path: folder, kind: 'link', mode: 0 }];
  const special = found.isSocket() ? 'socket' : found.isFIFO() ? 'fifo' : 'file';
  const kind = found.isDirectory() ? 'folder' : special;
  const own = { path: folder, kind, mode: found.mode & 0o777 };
  if (kind !== 'folder') return [own];
  const below = await Promise.all((await readdir(folder)).map((name) => listAll(join(folder, name))));
  return [own, ...below.flat()];
}

test('every folder of a kernel is 0700, every file 0600, and its sockets lie in such a folder', async (t) => {
  const keeper = await startKeeper(t, {
    variables: { PATH: '/usr/bin:/bin', SECRET: 'hush-hush', HOME: '/tmp' },
  });
  await keeper.greeting('started');
  const client = await keeper.connect();
  await client.run('1');
  const state = await listAll(keeper.order.stateFolder);
  assert.deepEqual(
    state
      .map(
        ({ path, kind, mode }) => `${kind} ${mode.toString(8)} ${path.replace(keeper.order.stateFolder, '')}`,
      )
      .sort(),
    [
      'fifo 600 /output.fifo',
      'file 600 /keeper.log',
      `file 600 /kernel-${keeper.order.kernelId}.json`,
      'file 600 /record.json',
      'folder 700 ',
      'link 0 /keeper.claim',
    ],
  );
  const [folder, ...sockets] = await listAll(keeper.order.socketFolder);
  assert.equal(folder?.mode, 0o700);
  assert.equal(sockets.length, 6, 'five of the kernel and one of the keeper');
  for (const { path, kind } of sockets) {
    assert.equal(kind, 'socket');
    assert.ok(Buffer.byteLength(path) <= 100);
  }
  assert.equal(sockets.find(({ path }) => path === keeper.socket)?.mode, 0o600);
});

test('no secret is in the log, and none in the arguments or the environment of the keeper', async (t) => {
  const plain = await startKeeper(t);
  await plain.greeting('started');
  const keeper = await startKeeper(t, { variables: { ...plain.environment, SECRET: 'hush-hush' } });
  await keeper.greeting('started');
  const client = await keeper.connect();
  await client.run('password = "hush-hush"');
  const connectionFile = join(keeper.order.stateFolder, `kernel-${keeper.order.kernelId}.json`);
  const { key } = JSON.parse(await readFile(connectionFile, 'utf8')) as { key: string };
  const places = [
    await readFile(join(keeper.order.stateFolder, 'keeper.log'), 'utf8'),
    await readFile(`/proc/${keeper.pid}/cmdline`, 'utf8'),
    await readFile(`/proc/${keeper.pid}/environ`, 'utf8'),
  ];
  for (const place of places) {
    assert.equal(place.includes('hush-hush'), false);
    assert.equal(place.includes(key), false);
  }
  assert.deepEqual(await processesWith((entry) => entry.includes(key)), []);
});

test('a kernel makes files with the permissions that its user has chosen', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  await client.run('open("result.txt", "w").close()');
  const { mode } = await lstat(join(keeper.home, 'result.txt'));
  const ownMask = /^Umask:\s+(\d+)/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
  assert.equal(mode & 0o777, 0o666 & ~parseInt(ownMask ?? '', 8));
});

test('the record tells what another agent needs, and follows what changes', async (t) => {
  const keeper = await startKeeper(t);
  const { state } = await keeper.greeting('started');
  const read = async () =>
    expectParsed(
      parseJson(await readFile(join(keeper.order.stateFolder, 'record.json'), 'utf8'), parseKeeperRecord),
    );
  const record = await read();
  assert.equal(record.kernel?.pid, state.pid);
  assert.equal(record.keeperPid, keeper.pid);
  assert.equal(record.socket, keeper.socket);
  assert.equal(record.order.adopt, undefined);
  const session = { id: 's', path: 'client/hash/a.ipynb', name: 'a.ipynb', type: 'notebook' };
  await keeper.change({ session, restartAutomatically: true, keepIdleForHours: 2 });
  assert.deepEqual((await keeper.readState()).session, session);
  const { until, withDeadline } = await import('../../../src/base/time');
  const changed = await until(
    async () => {
      const now = await read();
      return now.session === undefined ? undefined : now;
    },
    withDeadline(30_000, 'the record'),
  );
  assert.deepEqual(changed.session, session);
  assert.deepEqual(changed.order.settings, { session, restartAutomatically: true, keepIdleForHours: 2 });
});

test('a second keeper for the same kernel is refused, and harms nothing of the first', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const { spawnKeeper } = await import('./driven-keeper');
  const socketFolder = join(keeper.home, 'other');
  const { mkdir } = await import('node:fs/promises');
  await mkdir(socketFolder, { mode: 0o700 });
  const copy = { ...keeper.order, socketFolder };
  const connectionFile = join(copy.stateFolder, `kernel-${copy.kernelId}.json`);
  const before = await readFile(connectionFile, 'utf8');
  const second = spawnKeeper(t, copy, keeper.home, keeper.environment);
  assert.notEqual(await second.exited(), 0);
  assert.equal(second.greetings.at(-1)?.event, 'failed');
  assert.equal(await readFile(connectionFile, 'utf8'), before);
  assert.ok((await lstat(join(copy.stateFolder, 'record.json'))).isFile());
  const client = await keeper.connect();
  assert.equal((await client.run('1')).reply.content['status'], 'ok');
});
