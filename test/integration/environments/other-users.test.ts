import assert from 'node:assert/strict';
import { chmod, chown, lchown, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { runCommand } from '../../../src/development/run-command';
import { parseEnvironment, type Environment } from '../../../src/protocol/environments';
import { expectParsed } from '../../../src/base/parse';
import { isRoot, requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';
import { condaTree, virtualTree, writeTree, type Leaf } from '../../unit/environments/tree';

/** Users without an account: the kernel knows them by number all the same. */
const [ada, bob] = [54_321, 54_322];

/** A tree of root's in which ada has a home of her own. */
async function hostFor(t: TestContext, tree: Record<string, Leaf>): Promise<string> {
  const root = await temporaryFolder(t);
  await writeTree(root, { 'home/x': '', ...tree });
  await chmod(root, 0o755);
  await chownAll(join(root, 'home'), ada);
  return root;
}

async function chownAll(path: string, uid: number): Promise<void> {
  await lchown(path, uid, uid);
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return;
  for (const name of await readdir(path)) await chownAll(join(path, name), uid);
}

async function listAs(uid: number, root: string): Promise<readonly Environment[]> {
  const script = join(__dirname, 'list-as-user.ts');
  const { output } = await runCommand(
    process.execPath,
    ['--import', 'tsx', script, String(uid), join(root, 'home'), root],
    { timeoutMs: 60_000 },
  );
  const listed = JSON.parse(output) as unknown[];
  return listed.map((environment) => expectParsed(parseEnvironment(environment)));
}

function only(environments: readonly Environment[], wanted: string): Environment {
  const [found] = environments.filter((environment) => environment.name === wanted);
  assert.ok(found !== undefined, `no ${wanted} in ${JSON.stringify(environments)}`);
  return found;
}

describe('as a user without privileges', () => {
  test('an environment that permissions close is listed as unreadable and stops nothing', async (t) => {
    if (!requirePeer(t, 'root, to become another user', isRoot())) return;
    const root = await hostFor(t, {
      ...condaTree('opt/conda/envs/closed'),
      ...condaTree('opt/conda/envs/closed-records'),
      ...condaTree('opt/conda/envs/open'),
      ...virtualTree('home/.virtualenvs/closed-configuration', 'version = 3.11.2\n'),
    });
    await chmod(join(root, 'opt/conda/envs/closed'), 0o700);
    await chmod(join(root, 'opt/conda/envs/closed-records/conda-meta'), 0o700);
    await chown(join(root, 'home/.virtualenvs/closed-configuration/pyvenv.cfg'), 0, 0);
    await chmod(join(root, 'home/.virtualenvs/closed-configuration/pyvenv.cfg'), 0o600);
    const listed = await listAs(ada, root);
    for (const name of ['closed', 'closed-records', 'closed-configuration']) {
      assert.equal(only(listed, name).problem?.code, 'unreadable', name);
    }
    assert.equal(only(listed, 'open').problem, undefined);
  });

  test('a Python in somebody’s closed home is listed with that reason', async (t) => {
    if (!requirePeer(t, 'root, to become another user', isRoot())) return;
    const root = await hostFor(t, {
      'closed/bin/python3': 'PROGRAM',
      ...virtualTree('home/.virtualenvs/x', 'version = 3.11.2\n'),
    });
    await chmod(join(root, 'closed'), 0o700);
    const bin = join(root, 'home/.virtualenvs/y/bin');
    await mkdir(bin, { recursive: true });
    await writeTree(root, { 'home/.virtualenvs/y/pyvenv.cfg': '', 'home/.virtualenvs/y/lib': 'FOLDER' });
    await symlink(join(root, 'closed/bin/python3'), join(bin, 'python'));
    await chownAll(join(root, 'home'), ada);
    const listed = await listAs(ada, root);
    const broken = only(listed, 'y');
    assert.equal(broken.problem?.code, 'unreadable');
    assert.match(broken.problem.message, /closed\/bin\/python3, where you have no access/);
    assert.equal(only(listed, 'x').problem, undefined);
  });

  test('a Python that may not be run is listed with that reason', async (t) => {
    if (!requirePeer(t, 'root, to become another user', isRoot())) return;
    const root = await hostFor(t, condaTree('opt/conda/envs/x'));
    await chmod(join(root, 'opt/conda/envs/x/bin/python3.11'), 0o700);
    assert.equal(only(await listAs(ada, root), 'x').problem?.code, 'not-executable');
  });

  test('what is hers, the system’s and another’s is told apart, and what she may change', async (t) => {
    if (!requirePeer(t, 'root, to become another user', isRoot())) return;
    const root = await hostFor(t, {
      ...condaTree('home/miniconda3/envs/hers'),
      ...condaTree('opt/conda/envs/system'),
      ...condaTree('opt/conda/envs/his'),
      ...condaTree('home/miniconda3/envs/his-python'),
    });
    await chownAll(join(root, 'opt/conda/envs/his'), bob);
    await lchown(join(root, 'home/miniconda3/envs/his-python/bin/python3.11'), bob, bob);
    const listed = await listAs(ada, root);
    const seen = (name: string) => {
      const { owner, ownerName, isWritable } = only(listed, name);
      return [owner, ownerName, isWritable];
    };
    assert.deepEqual(seen('hers'), ['self', undefined, true]);
    assert.deepEqual(seen('system'), ['root', 'root', false]);
    assert.deepEqual(seen('his'), ['other', `user ${bob}`, false]);
    assert.deepEqual(seen('his-python'), ['other', `user ${bob}`, true]);
  });

  test('a home folder that cannot be read leaves what is elsewhere', async (t) => {
    if (!requirePeer(t, 'root, to become another user', isRoot())) return;
    const root = await hostFor(t, {
      ...condaTree('home/miniconda3/envs/hers'),
      ...condaTree('opt/conda/envs/system'),
    });
    await chownAll(join(root, 'home'), 0);
    await chmod(join(root, 'home'), 0o700);
    assert.deepEqual(
      (await listAs(ada, root)).map((environment) => environment.name),
      ['system'],
    );
  });
});
