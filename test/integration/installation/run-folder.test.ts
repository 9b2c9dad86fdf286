import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { withDeadline } from '../../../src/base/time';
import { removeRunFolder } from '../../../src/daemon/command-line/installation/run-folder';
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

  const [words = '', ...more] = await removeRunFolder(run);
  assert.match(words, /users\/1002 stays: its user has put folders there/);
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
