import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { chmod, lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMachineHash } from '../../../src/daemon/platform/machine';
import {
  ensurePrivateFolder,
  readFileIfPresent,
  writePrivateFile,
} from '../../../src/daemon/platform/private-files';
import {
  canHoldSockets,
  connectTo,
  listenPrivately,
  listenReplaceably,
  longestSocketNameBytes,
  maxSocketPathBytes,
  removeStaleSocket,
} from '../../../src/daemon/platform/sockets';
import {
  isPrivateFolder,
  listStateFolders,
  openStateFolders,
} from '../../../src/daemon/platform/state-folders';
import { readUser } from '../../../src/daemon/platform/users';
import { temporaryFolder } from '../../support/temporary-folder';

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('this machine has the same hash each time, and it is not the machine id itself', async () => {
  const hash = await readMachineHash();
  assert.match(hash, /^[0-9a-f]{16}$/);
  assert.equal(await readMachineHash(), hash);
  const id = (await readFileIfPresent('/etc/machine-id')) ?? '';
  assert.ok(!id.includes(hash));
});

test('state and sockets are in the home, and below /tmp apart for each home', async (t) => {
  const home = await temporaryFolder(t);
  const machineHash = '0123456789abcdef';
  const { sockets, state } = await listStateFolders({ homeFolder: home, uid: 1000, machineHash });
  assert.equal(sockets[0], join(home, '.remote-kernels', '01234567'));
  assert.equal(state[0], join(home, '.local/state/remote-kernels', machineHash));
  assert.match(sockets[1] ?? '', /^\/tmp\/remote-kernels-1000\/[0-9a-f]{8}$/);
  const other = await listStateFolders({ homeFolder: join(home, 'x'), uid: 1000, machineHash });
  assert.notEqual(other.sockets[1], sockets[1]);
});

test('the folders are made for this user only, and an open one is closed', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'state'), { mode: 0o755 });
  await chmod(join(folder, 'state'), 0o755);
  const opened = await openStateFolders({ sockets: [join(folder, 's')], state: [join(folder, 'state')] });
  assert.deepEqual(opened, { sockets: join(folder, 's'), state: join(folder, 'state') });
  assert.equal(await mode(opened.state), '700');
  assert.equal(await mode(opened.sockets), '700');
  assert.deepEqual(await readdir(opened.sockets), []);
});

test('a place that is a link or a file is passed over with the reason, and all of them being bad is an error', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'real'), { mode: 0o700 });
  await symlink(join(folder, 'real'), join(folder, 'link'));
  await writeFile(join(folder, 'file'), '');
  const good = join(folder, 'good');
  const opened = await openStateFolders({
    sockets: [join(folder, 'link'), good],
    state: [join(folder, 'file'), good],
  });
  assert.deepEqual([opened.sockets, opened.state], [good, good]);
  assert.match(opened.problem ?? '', /file/);
  await assert.rejects(
    openStateFolders({ sockets: [join(folder, 'link')], state: [good] }),
    /no place for the agent's sockets.*link/,
  );
  assert.deepEqual(await readdir(join(folder, 'real')), []);
});

test('a folder holds sockets when their longest path fits, to the byte', async (t) => {
  const folder = await temporaryFolder(t);
  const room = maxSocketPathBytes - longestSocketNameBytes - 1 - Buffer.byteLength(folder) - 1;
  const fits = join(folder, 'f'.repeat(room));
  const tooLong = join(folder, 't'.repeat(room + 1));
  await mkdir(fits);
  await mkdir(tooLong);
  assert.equal(await canHoldSockets(fits), true);
  assert.equal(await canHoldSockets(tooLong), false);
  assert.equal(await canHoldSockets(join(folder, 'absent')), false);
  assert.deepEqual(await readdir(fits), []);
});

test('only a folder of our own that others cannot enter is trusted', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'private'), { mode: 0o700 });
  await mkdir(join(folder, 'open'));
  await chmod(join(folder, 'open'), 0o750);
  await symlink(join(folder, 'private'), join(folder, 'link'));
  const judged = await Promise.all(
    ['private', 'open', 'link', 'absent'].map((name) => isPrivateFolder(join(folder, name))),
  );
  assert.deepEqual(judged, [true, false, false, false]);
});

test('a stale socket is replaced and gets its mode; a file in its place is an error and stays', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 's');
  const first = createServer();
  await listenPrivately(first, path, 0o660);
  assert.equal(await mode(path), '660');
  const second = createServer();
  t.after(() => second.close());
  await listenPrivately(second, path, 0o600);
  t.after(() => first.close());
  assert.equal(await mode(path), '600');
  const socket = await connectTo(path, AbortSignal.timeout(5000));
  socket.destroy();
  await writeFile(join(folder, 'file'), 'mine');
  await assert.rejects(listenPrivately(createServer(), join(folder, 'file'), 0o600), /is no socket/);
  assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'mine');
  await removeStaleSocket(join(folder, 'absent'));
  await assert.rejects(connectTo(join(folder, 'absent'), AbortSignal.timeout(5000)), { code: 'ENOENT' });
});

test('a server that was replaced at its path neither takes the path for its own nor removes it when it closes', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 's');
  const first = createServer();
  const own = await listenReplaceably(first, path, 0o660);
  assert.deepEqual([await mode(path), await own.isStillOurs()], ['660', true]);
  const second = createServer();
  t.after(() => second.close());
  const replacing = await listenReplaceably(second, path, 0o600);
  assert.deepEqual([await own.isStillOurs(), await replacing.isStillOurs()], [false, true]);
  await own.remove();
  await new Promise((resolve) => first.close(resolve));
  (await connectTo(path, AbortSignal.timeout(5000))).destroy();
  assert.deepEqual(await readdir(folder), ['s']);
  await replacing.remove();
  assert.deepEqual([await readdir(folder), await replacing.isStillOurs()], [[], false]);
  await writeFile(join(folder, 'file'), 'mine');
  const refused = listenReplaceably(createServer(), join(folder, 'file'), 0o600);
  await assert.rejects(refused, /is no socket/);
  assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'mine');
});

test('a private file is for its user only, whole or old, and leaves nothing beside it', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'f');
  await writePrivateFile(path, 'one');
  await writePrivateFile(path, 'two');
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.equal(await mode(path), '600');
  assert.deepEqual(await readdir(folder), ['f']);
  await symlink(join(folder, 'target'), join(folder, 'link'));
  await writePrivateFile(join(folder, 'link'), 'x');
  assert.ok((await lstat(join(folder, 'link'))).isFile());
  assert.equal(await readFileIfPresent(join(folder, 'target')), undefined);
});

test('a private folder is never a link or a file', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'real'));
  await symlink(join(folder, 'real'), join(folder, 'link'));
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(ensurePrivateFolder(join(folder, 'link')), /not a folder of its own/);
  await assert.rejects(ensurePrivateFolder(join(folder, 'file')));
  await ensurePrivateFolder(join(folder, 'a', 'b'));
  assert.equal(await mode(join(folder, 'a')), '700');
});

test('the home folder is that of the environment when it is absolute', () => {
  assert.equal(readUser({ HOME: '/somewhere' }).homeFolder, '/somewhere');
  assert.notEqual(readUser({ HOME: 'relative' }).homeFolder, 'relative');
  assert.notEqual(readUser({}).homeFolder, '');
});
