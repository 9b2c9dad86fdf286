import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesOfProgram, findUntrusted } from '../../../src/daemon/platform/trusted-files';
import { temporaryFolder } from '../../support/temporary-folder';

test('programs of the system are trusted, with the links on the way to them', async () => {
  assert.deepEqual(await findUntrusted(['/bin/sh', '/usr/bin/env']), []);
});

test('a place that anybody can write to is named, once, also when a link leads there', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'daemon.js'), '');
  await symlink('daemon.js', join(folder, 'link.js'));
  const faults = await findUntrusted([join(folder, 'daemon.js'), join(folder, 'link.js')]);
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /chmod go-w|belongs to the user/);
});

test('a file that is not there is said to be missing', async () => {
  assert.deepEqual(await findUntrusted(['/usr/bin/no-such-program']), [
    '/usr/bin/no-such-program is not there',
  ]);
});

test('what lies beside and below a program belongs to it', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'addons', 'one'), { recursive: true });
  await writeFile(join(folder, 'daemon.js'), '');
  await writeFile(join(folder, 'addons', 'one', 'addon.node'), '');
  const files = await filesOfProgram(join(folder, 'daemon.js'));
  const expected = ['addons', 'addons/one', 'addons/one/addon.node', 'daemon.js'];
  assert.deepEqual([...files].sort(), expected.map((name) => join(folder, name)).sort());
});
