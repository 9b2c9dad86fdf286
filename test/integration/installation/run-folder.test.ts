import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { withDeadline } from '../../../src/base/time';
import type { Change } from '../../../src/daemon/command-line/installation/changes';
import { installationPlaces } from '../../../src/daemon/command-line/installation/places';
import type { Remains } from '../../../src/daemon/command-line/installation/remains';
import { removeRunFolder } from '../../../src/daemon/command-line/installation/run-folder';
import { removeAll } from '../../../src/daemon/command-line/installation/uninstall';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

/** A user who puts a link to a folder of root in the place of a folder of their own, and back, without end (renameat2(2)). */
const exchanges = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
here, exchange = -100, 2
os.setgid(71001); os.setuid(71001)
print('ready', flush=True)
while os.getppid() != 1:
    libc.renameat2(here, b'inner', here, b'link', exchange)
`;
const attempts = 40;

/** A folder of sockets in which the user 71001 has a folder, with a folder and a link to `victim` in it. */
async function makeRunFolder(folder: string, victim: string): Promise<string> {
  const run = join(folder, 'run');
  const own = join(run, 'users', '71001');
  await mkdir(join(own, 'inner', 'deep'), { recursive: true });
  await writeFile(join(own, 'inner', 'deep', 'file'), '');
  await writeFile(join(own, 'agent.sock'), '');
  await symlink(victim, join(own, 'link'));
  await writeFile(join(run, 'control.sock'), '');
  for (const path of [own, join(own, 'inner'), join(own, 'inner', 'deep')]) await chown(path, 71_001, 71_001);
  return run;
}

test('the folder of sockets is removed with the sockets of users, and nothing that a user put deeper is touched', async (t) => {
  const folder = await temporaryFolder(t);
  const victim = join(folder, 'victim');
  await mkdir(join(victim, 'deep'), { recursive: true });
  await writeFile(join(victim, 'deep', 'precious'), '');
  const run = join(folder, 'run');
  for (const uid of ['1001', '1002', '1003']) await mkdir(join(run, 'users', uid), { recursive: true });
  const server = createServer().listen(join(run, 'users', '1001', 'agent.sock'));
  t.after(() => server.close());
  await once(server, 'listening');
  await symlink(victim, join(run, 'users', '1001', 'link'));
  await mkdir(join(run, 'users', '1002', 'inner'));
  await writeFile(join(run, 'users', '1002', 'inner', 'file'), '');
  await mkdir(join(run, 'users', '1003', 'empty'));
  await symlink(victim, join(run, 'users', '1004'));
  await writeFile(join(run, 'control.sock'), '');

  const [first, ...more] = await removeRunFolder(run);
  assert.equal(first?.isFault, false);
  assert.match(first.words, /users\/1002 stays: its user has put folders there/);
  assert.deepEqual(more, []);
  assert.deepEqual(await readdir(join(run, 'users')), ['1002']);
  assert.ok(existsSync(join(run, 'users', '1002', 'inner', 'file')));
  assert.ok(existsSync(join(victim, 'deep', 'precious')));

  await rm(join(run, 'users', '1002', 'inner'), { recursive: true });
  assert.deepEqual(await removeRunFolder(run), []);
  assert.ok(!existsSync(run));
  assert.deepEqual(await removeRunFolder(run), []);
});

test('a user who exchanges a folder for a link while root removes it reaches nothing of root', async (t) => {
  if (!requirePeer(t, 'the right to give folders to users (root)', isRoot())) return;
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o711);
  const victim = join(folder, 'victim');
  await mkdir(join(victim, 'deep'), { recursive: true });
  for (const name of ['one', 'two']) await writeFile(join(victim, 'deep', name), '');
  let refused = 0;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const run = await makeRunFolder(folder, victim);
    const own = join(run, 'users', '71001');
    const child = spawn('/usr/bin/python3', ['-c', exchanges], {
      cwd: own,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    try {
      await once(child.stdout, 'data', { signal: withDeadline(30_000, 'the exchange of folders') });
      await removeRunFolder(run);
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    assert.deepEqual(await readdir(join(victim, 'deep')), ['one', 'two']);
    refused += 1;
    await rm(run, { recursive: true, force: true });
  }
  assert.equal(refused, attempts);
});

const run = promisify(execFile);

test('what users have mounted in their folders of sockets keeps neither the keys of the host nor its log, and the removal can be done again', async (t) => {
  const canMount =
    isRoot() &&
    (await run('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).then(
      () => true,
      () => false,
    ));
  if (!requirePeer(t, 'the right to mount (root)', canMount)) return;
  const folder = await temporaryFolder(t);
  const places = installationPlaces(folder);
  const { run: runFolder, state } = places.system;
  const users = join(runFolder, 'users');
  for (const path of [state, dirname(places.log), ...['1001', '1002', '1003'].map((uid) => join(users, uid))])
    await mkdir(path, { recursive: true });
  const socket = join(users, '1001', 'agent.sock');
  const secrets = ['key.pem', 'own.pem', 'sign-ins.json', 'sign-ins.json.damaged'].map((name) =>
    join(state, name),
  );
  const record = join(state, 'installation.json');
  for (const path of [
    ...secrets,
    record,
    places.log,
    socket,
    join(users, '1001', 'z'),
    join(users, '1003', 'agent.sock'),
  ])
    await writeFile(path, '');
  const changes: readonly Change[] = [
    { kind: 'folder', path: state, isPrivate: true },
    { kind: 'file', path: places.initScript, before: { kind: 'nothing' } },
  ];

  const driver = join(__dirname, 'removal-driver.ts');
  const inside = `mount --bind /etc/hostname ${socket} && mount -t tmpfs none ${users}/1002 && exec "$@"`;
  const words = [process.execPath, '--import', 'tsx', driver, folder, JSON.stringify(changes)];
  const { stdout } = await run('unshare', ['--mount', 'sh', '-c', inside, 'sh', ...words]);
  const remains = JSON.parse(stdout) as readonly Remains[];
  assert.deepEqual(
    remains
      .map(({ words: told, isFault }) => [/users\/(\d+) stays: EBUSY.*unmount it$/.exec(told)?.[1], isFault])
      .sort(),
    [
      ['1001', true],
      ['1002', true],
    ],
  );
  assert.deepEqual(await readdir(users), ['1001', '1002']);
  assert.deepEqual(await readdir(join(users, '1001')), ['agent.sock'], 'the other name there went');
  assert.deepEqual(await readdir(state), ['installation.json']);
  assert.ok(!existsSync(places.log));

  // What was mounted is gone with the namespace.
  assert.deepEqual(await removeAll(places, changes), []);
  assert.ok(!existsSync(runFolder) && !existsSync(state));
});
