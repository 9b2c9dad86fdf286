import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { listFolders } from '../../../src/daemon/agent/api/folders';
import {
  findLoginFolder,
  folderForApiPath,
  readWorkingDirectory,
} from '../../../src/daemon/agent/kernels/working-directory';
import { agentVariables } from '../../../src/daemon/agent/start/start-agent';
import { temporaryFolder } from '../../support/temporary-folder';

test('folders are listed by name, hidden ones last, with links to folders and without files', async (t) => {
  const home = await temporaryFolder(t);
  for (const name of ['b10', 'b9', '.hidden', 'a']) await mkdir(join(home, name));
  await writeFile(join(home, 'file'), '');
  await symlink(join(home, 'a'), join(home, 'link'));
  await symlink(join(home, 'nothing'), join(home, 'dangling'));
  const listed = await listFolders('~', home);
  assert.deepEqual(
    listed.folders.map(({ name }) => name),
    ['a', 'b9', 'b10', 'link', '.hidden'],
  );
  assert.equal(listed.path, home);
  assert.deepEqual((await listFolders('~/a/../b9/', home)).path, join(home, 'b9'));
  assert.equal((await listFolders('/', home)).parent, undefined);
  await assert.rejects(listFolders('~/file', home), { code: 'folder-not-found' });
  await assert.rejects(listFolders('~/none', home), { code: 'folder-not-found' });
  await assert.rejects(listFolders('relative', home), { code: 'bad-request' });
});

test('a working directory is absolute or below the home, and exists', async (t) => {
  const home = await temporaryFolder(t);
  await mkdir(join(home, 'work'));
  assert.equal(await readWorkingDirectory(undefined, home), home);
  assert.equal(await readWorkingDirectory('~', home), home);
  assert.equal(await readWorkingDirectory('~/work/', home), join(home, 'work'));
  for (const path of ['work', '~/none', '~other/x'])
    await assert.rejects(readWorkingDirectory(path, home), { code: 'folder-not-found' });
});

test('without a home to enter everything that asks for no other folder starts in the root folder', async (t) => {
  const folder = await temporaryFolder(t);
  const [absent, file] = [join(folder, 'absent'), join(folder, 'file')];
  await writeFile(file, '');
  assert.deepEqual(await findLoginFolder(folder), { folder });
  assert.deepEqual(await findLoginFolder(absent), {
    folder: '/',
    problem: `Could not chdir to home directory ${absent}: No such file or directory`,
  });
  assert.match((await findLoginFolder(file)).problem ?? '', /: Not a directory$/);
  assert.equal(await readWorkingDirectory(undefined, absent), '/');
  assert.equal(await folderForApiPath('work/a.ipynb', absent), '/');
  await assert.rejects(readWorkingDirectory('~', absent), /there is no folder/);
});

test('the path of a notebook leads to its folder, to the nearest one above, and never above the home', async (t) => {
  const home = await temporaryFolder(t);
  await mkdir(join(home, 'work', 'deep'), { recursive: true });
  const cases: readonly [path: string | undefined, folder: string][] = [
    [undefined, home],
    ['', home],
    ['work/a.ipynb', join(home, 'work')],
    ['/work/deep', join(home, 'work', 'deep')],
    ['work/none/none/a.ipynb', join(home, 'work')],
    ['0123/4567/a.ipynb', home],
    ['../../../../etc/a.ipynb', home],
  ];
  for (const [path, folder] of cases) assert.equal(await folderForApiPath(path, home), folder, path);
});

test('the agent gets the environment of its caller without what belongs to terminal, editor and notebook', () => {
  const kept = {
    PATH: '/bin',
    HOME: '/h',
    LANG: 'C',
    CONDA_ENVS_PATH: '/c',
    HTTPS_PROXY: 'p',
    JUPYTER_PATH: '/j',
  };
  const dropped = {
    JPY_PARENT_PID: '1',
    NODE_OPTIONS: '--inspect',
    VSCODE_PID: '1',
    ELECTRON_RUN_AS_NODE: '1',
    CONDA_PREFIX: '/c',
    CONDA_PREFIX_1: '/c',
    CONDA_SHLVL: '1',
    VIRTUAL_ENV: '/v',
    PYTHONHOME: '/p',
    SSH_TTY: '/dev/pts/1',
    JUPYTER_SERVER_URL: 'u',
    OLDPWD: '/',
  };
  assert.deepEqual(agentVariables({ ...kept, ...dropped }), kept);
});
