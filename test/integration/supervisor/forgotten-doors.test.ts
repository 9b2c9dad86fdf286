import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { withDeadline } from '../../../src/base/time';
import type { Account } from '../../../src/daemon/supervisor/account';
import { AgentsOfUsers } from '../../../src/daemon/supervisor/agents-of-users';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

test('a door that nobody needs any more is forgotten with its folder, and one that is in use or of somebody who is signed in stays', async (t) => {
  if (!requirePeer(t, 'the right to give folders to users (root)', isRoot())) return;
  const usersFolder = join(await temporaryFolder(t), 'users');
  const clock = { nowMs: 0 };
  const agents = new AgentsOfUsers({
    // Starts no agent: what is made before one is started is what is looked at.
    programFile: join(usersFolder, 'no-such-program.js'),
    usersFolder,
    frontDoorGid: 0,
    frontDoor: () => ({ daemonId: 'd'.repeat(32), pin: 'pin', port: 1 }),
    log: silentLogger,
    now: () => clock.nowMs,
  });
  const uids = [71_001, 71_002, 71_003];
  for (const uid of uids) {
    const account: Account = { name: `u${uid}`, uid, gid: uid, home: '/', shell: '/bin/sh', groups: [] };
    await assert.rejects(agents.ensure(account, 'administer', 'use', withDeadline(30_000, 'the agent')));
  }
  const folders = async () => (await readdir(usersFolder)).map(Number).sort();
  assert.deepEqual(await folders(), uids);
  await writeFile(join(usersFolder, '71002', 'agent.sock'), '');

  clock.nowMs += 59 * 60_000;
  agents.forgetUnused(new Set());
  assert.deepEqual([agents.size, await folders()], [3, uids]);

  clock.nowMs += 2 * 60_000;
  agents.forgetUnused(new Set([71_003]));
  assert.deepEqual([agents.size, await folders()], [1, [71_002, 71_003]]);
});
