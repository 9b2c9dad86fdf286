import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseEnvironment } from '../../../src/protocol/environments';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, virtualTree, writeTree, type Leaf } from './tree';

describe('what the catalog finds', () => {
  const places: [
    what: string,
    tree: Record<string, Leaf>,
    expected: object,
    variables?: Record<string, string>,
  ][] = [
    [
      'a conda environment below an installation in the home folder',
      condaTree('home/miniconda3/envs/analysis', {
        packages: { ipykernel: '6.29.5', 'spyder-kernels': '3.0.3' },
      }),
      {
        name: 'analysis',
        kind: 'conda',
        pythonVersion: '3.11.7',
        ipykernel: '6.29.5',
        spyderKernels: '3.0.3',
        isWritable: true,
        owner: 'self',
      },
    ],
    [
      'the base of an installation for everybody',
      { ...condaTree('opt/conda'), 'opt/conda/condabin/conda': 'PROGRAM' },
      { name: 'base', kind: 'conda', isBase: true },
    ],
    [
      'a micromamba environment by its history',
      condaTree('home/micromamba/envs/fast', { command: '/home/ada/bin/micromamba create -n fast' }),
      { name: 'fast', kind: 'micromamba' },
    ],
    [
      'a mamba environment in the conda folder of the home',
      condaTree('home/.conda/envs/m', { command: '/opt/mambaforge/bin/mamba create' }),
      { name: 'm', kind: 'mamba' },
    ],
    [
      'a frozen environment',
      { ...condaTree('opt/miniforge3/envs/team'), 'opt/miniforge3/envs/team/conda-meta/frozen': '{}' },
      { name: 'team', isFrozen: true },
    ],
    [
      'environments where .condarc says',
      { ...condaTree('scratch/envs/big'), 'home/.condarc': 'envs_dirs:\n  - ~/../scratch/envs\n' },
      { name: 'big', kind: 'conda' },
    ],
    [
      'environments where a part of the system’s condarc.d says',
      { ...condaTree('home/here/shared'), 'etc/conda/condarc.d/site.yml': 'envs_dirs: [~/here]\n' },
      { name: 'shared', kind: 'conda' },
    ],
    [
      'environments where .mambarc says',
      { ...condaTree('home/there/one'), 'home/.mambarc': 'envs_dirs: [~/there]\n' },
      { name: 'one' },
    ],
    [
      'an environment whose ipykernel pip installed',
      {
        ...condaTree('home/miniforge3/envs/p'),
        'home/miniforge3/envs/p/lib/python3.11/site-packages/ipykernel-7.0.1.dist-info/METADATA': '',
      },
      { name: 'p', ipykernel: '7.0.1' },
    ],
    [
      'a global pixi environment',
      { ...condaTree('home/.pixi/envs/tools'), 'home/.pixi/envs/tools/conda-meta/pixi': '{}' },
      { name: 'tools', kind: 'pixi' },
    ],
    [
      'the pixi environments of a project in the home folder',
      condaTree('home/weather/.pixi/envs/default'),
      { name: 'weather', kind: 'pixi' },
    ],
    [
      'the .venv of a project in the home folder',
      virtualTree('home/thesis/.venv', 'home = /usr/bin\nversion = 3.11.2\n', ['ipykernel-6.29.5.dist-info']),
      { name: 'thesis', kind: 'venv', pythonVersion: '3.11.2', ipykernel: '6.29.5' },
    ],
    [
      'a virtualenv in .virtualenvs',
      virtualTree('home/.virtualenvs/plots', 'virtualenv = 20.26.6\nversion_info = 3.11.2.final.0\n'),
      { name: 'plots', kind: 'virtualenv', pythonVersion: '3.11.2' },
    ],
    [
      'a uv environment with its prompt',
      virtualTree('home/lab/.venv', 'uv = 0.8.13\nversion_info = 3.11.2\nprompt = lab-uv\n'),
      { name: 'lab-uv', kind: 'uv' },
    ],
    [
      'environments where WORKON_HOME says',
      virtualTree('home/w/x', 'version = 3.12.0\n'),
      { name: 'x', kind: 'venv' },
      { WORKON_HOME: '~/w' },
    ],
    [
      'a pyenv version with its patch level',
      {
        'home/.pyenv/versions/3.12.1/bin/python': 'PROGRAM',
        'home/.pyenv/versions/3.12.1/lib/python3.12/os.py': '',
      },
      { name: '3.12.1', kind: 'pyenv', pythonVersion: '3.12.1' },
    ],
    ['an environment that environments.txt alone names', {}, { name: 'elsewhere', kind: 'conda' }],
  ];
  for (const [what, tree, expected, variables = {}] of places) {
    test(what, async (t) => {
      const root = await temporaryFolder(t);
      await writeTree(root, { 'home/.hushlogin': '', ...tree });
      if (what.includes('environments.txt')) {
        await writeTree(root, condaTree('far/elsewhere'));
        await writeTree(root, { 'home/.conda/environments.txt': `${root}/far/elsewhere\n${root}/gone\n` });
      }
      const catalog = await catalogOf(t, root, { variables });
      assert.equal(catalog.environments.length, 1, JSON.stringify(catalog.environments));
      const found = named(catalog, (expected as { name: string }).name);
      const picked = Object.fromEntries(
        Object.keys(expected).map((key) => [key, Reflect.get(found, key) as unknown]),
      );
      assert.deepEqual(picked, expected);
      assert.equal(found.problem, undefined);
      assert.equal(parseEnvironment(found).ok, true);
      assert.deepEqual(catalog.get(found.id), found);
    });
  }

  test('a virtual environment that sees the system’s packages has its ipykernel', async (t) => {
    const root = await temporaryFolder(t);
    const home = join(root, 'base', 'bin');
    await writeTree(root, {
      'base/bin/python3': 'PROGRAM',
      'base/lib/python3/dist-packages/ipykernel-6.17.0.egg-info/PKG-INFO': '',
      'home/.local/lib/python3.11/site-packages/spyder_kernels-3.0.0.dist-info/METADATA': '',
      ...virtualTree(
        'home/a/.venv',
        `home = ${home}\nversion = 3.11.2\ninclude-system-site-packages = true\n`,
      ),
      ...virtualTree(
        'home/b/.venv',
        `home = ${home}\nversion = 3.11.2\ninclude-system-site-packages = false\n`,
      ),
    });
    const catalog = await catalogOf(t, root);
    assert.equal(named(catalog, 'a').ipykernel, '6.17.0');
    assert.equal(named(catalog, 'a').spyderKernels, '3.0.0');
    assert.equal(named(catalog, 'b').ipykernel, undefined);
    assert.equal(named(catalog, 'b').spyderKernels, undefined);
  });

  test('Pythons on the PATH are listed once each, under their general name; shims and environments’ Pythons are not', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, {
      'home/x': '',
      'usr/bin/python3.11': 'PROGRAM',
      'usr/bin/python3': { linkTo: 'python3.11' },
      'usr/bin/python3.9': 'PROGRAM',
      'usr/bin/python3-config': 'PROGRAM',
      'usr/include/python3.11/patchlevel.h': '#define PY_VERSION "3.11.2"\n',
      'usr/lib/python3.11/EXTERNALLY-MANAGED': '',
      'usr/lib/python3/dist-packages/ipykernel-6.17.0.egg-info': '',
      'home/.pyenv/shims/python3': 'PROGRAM',
      ...condaTree('elsewhere/conda/envs/e'),
      'elsewhere/conda/envs/e/bin/python3': { linkTo: 'python3.11' },
    });
    await symlink('usr/bin', join(root, 'bin'));
    const PATH = ['bin', 'home/.pyenv/shims', 'elsewhere/conda/envs/e/bin']
      .map((path) => join(root, path))
      .join(':');
    const catalog = await catalogOf(t, root, { variables: { PATH } });
    assert.deepEqual(
      catalog.environments.map(({ kind, name, pythonVersion }) => [kind, name, pythonVersion]),
      [
        ['conda', 'e', '3.11.7'],
        ['system', join(root, 'bin/python3'), '3.11.2'],
        ['system', join(root, 'bin/python3.9'), '3.9'],
      ],
    );
    const system = named(catalog, join(root, 'bin/python3'));
    assert.equal(system.ipykernel, '6.17.0');
    assert.equal(system.isWritable, false, 'the distribution keeps this Python for itself');
  });

  test('the same place reached by links and lists is listed once, by the path of the first place', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, condaTree('data/conda/envs/one'));
    await mkdir(join(root, 'home/.conda'), { recursive: true });
    await symlink(join(root, 'data/conda'), join(root, 'home/miniconda3'));
    await symlink(join(root, 'data/conda/envs/one'), join(root, 'home/.conda/envs-link'));
    await writeFile(
      join(root, 'home/.conda/environments.txt'),
      ['home/miniconda3/envs/one', 'data/conda/envs/one', 'home/.conda/envs-link']
        .map((path) => join(root, path))
        .join('\n'),
    );
    const catalog = await catalogOf(t, root, {
      variables: { CONDA_ENVS_PATH: join(root, 'data/conda/envs') },
    });
    assert.deepEqual(
      catalog.environments.map((environment) => environment.prefix),
      [join(root, 'home/miniconda3/envs/one')],
    );
  });

  test('folders that the user names are searched to a depth, and not inside what is never an environment', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, {
      'home/x': '',
      ...virtualTree('data/a/b/c/near', 'version = 3.11.2\n'),
      ...virtualTree('data/1/2/3/4/5/far', 'version = 3.11.2\n'),
      ...virtualTree('data/web/node_modules/hidden', 'version = 3.11.2\n'),
      ...virtualTree('data/project/.venv', 'version = 3.11.2\n'),
      ...condaTree('data/station/.pixi/envs/default'),
    });
    await symlink('.', join(root, 'data/circle'));
    const catalog = await catalogOf(t, root);
    assert.equal(catalog.environments.length, 0);
    catalog.setSearchFolders(['~/../data']);
    await catalog.refresh(AbortSignal.timeout(20_000));
    assert.deepEqual(
      catalog.environments.map(({ name }) => name),
      ['station', 'near', 'project'],
    );
  });

  test('a project folder that a client works in is looked at', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, { 'home/x': '', ...virtualTree('srv/work/venv', 'version = 3.11.2\n') });
    const catalog = await catalogOf(t, root);
    catalog.addProjectFolder(join(root, 'srv/work'));
    await catalog.refresh(AbortSignal.timeout(20_000));
    assert.equal(named(catalog, 'work').kind, 'venv');
  });

  test('places that the login shell names are looked at once its variables are known', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, {
      ...condaTree('home/miniconda3/envs/here'),
      ...condaTree('group/software/conda'),
      'group/software/conda/bin/conda': 'PROGRAM',
      ...condaTree('group/software/conda/envs/there'),
    });
    const catalog = await catalogOf(t, root);
    const here = named(catalog, 'here');
    catalog.setLoginVariables({ PATH: join(root, 'group/software/conda/bin') });
    await catalog.refresh(AbortSignal.timeout(20_000));
    assert.deepEqual(
      catalog.environments.map(({ name }) => name),
      ['base', 'here', 'there'],
    );
    assert.deepEqual(named(catalog, 'here'), here);
  });
});
