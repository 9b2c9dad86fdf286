import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { once } from 'node:events';
import { PrivateSystem, people, plainPamFile } from '../../support/private-system';

test('a private system has people of its own, and the machine sees nothing of them', async (t) => {
  const before = await readFile('/etc/passwd', 'utf8');
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;

  const uid = Number((await system.expect('id', ['-u', 'ada'])).trim());
  assert.ok(uid >= 1000);
  assert.match(await system.expect('cat', ['/etc/pam.d/remote-kernels']), /pam_shells/);
  assert.match(await system.expect('getent', ['group', 'remote-kernels']), /^remote-kernels:/);
  assert.equal(await readFile('/etc/passwd', 'utf8'), before);
  assert.equal(existsSync('/home/ada'), false);
  assert.equal(existsSync(system.outside('/home/ada')), true);
  assert.equal(Object.keys(people).length, 3);
});

test('a program runs as a person, with the groups, home and clean environment of that person', async (t) => {
  const system = await PrivateSystem.start(t);
  if (system === undefined) return;
  await system.addAccount({ name: 'carol', password: 'Carol-1990!', groups: ['lab', 'staff'] });

  const as = { user: 'carol' };
  const words = await system.expect('sh', ['-c', 'id -un; id -Gn; pwd; echo $HOME'], as);
  assert.equal(words, 'carol\ncarol staff lab\n/home/carol\n/home/carol\n');
  const version = await system.expect(system.nodePath, [system.programFile, '--version'], as);
  assert.match(version, /^\d+\.\d+\.\d+/);
  const refused = await system.run('cat', ['/home/ada/.bashrc'], as);
  assert.notEqual(refused.code, 0);
});

test('what a test leaves running in a private system is ended with it', async (t) => {
  let left: number | undefined;
  await t.test('leaves a process behind', async (inner) => {
    const system = await PrivateSystem.start(inner);
    if (system === undefined) return;
    const child = system.spawn('sleep', ['1000'], { user: 'eve', stdio: 'ignore' });
    await once(child, 'spawn');
    left = child.pid;
    assert.ok((await system.processes()).some((found) => found.pid === left));
  });
  if (left !== undefined) assert.equal(existsSync(`/proc/${left}`), false);
});
