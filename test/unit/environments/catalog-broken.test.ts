import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseEnvironment } from '../../../src/protocol/environments';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, virtualTree, writeTree, type Leaf } from './tree';

describe('broken environments', () => {
  const cases: [what: string, tree: Record<string, Leaf>, code: string][] = [
    [
      'a link to a Python that is gone',
      {
        ...virtualTree('home/.virtualenvs/x', 'version = 3.9.1\n'),
        'home/.virtualenvs/x/bin/python': { linkTo: '/no/such/python3.9' },
      },
      'dangling-link',
    ],
    [
      'a link that leads to itself',
      {
        ...virtualTree('home/.virtualenvs/x', 'version = 3.9.1\n'),
        'home/.virtualenvs/x/bin/python': { linkTo: 'python' },
      },
      'dangling-link',
    ],
    [
      'a Python that is no program',
      {
        ...virtualTree('home/.virtualenvs/x', 'version = 3.9.1\n'),
        'home/.virtualenvs/x/bin/python': 'text',
      },
      'not-executable',
    ],
    [
      'a Python that is a folder',
      {
        'home/.virtualenvs/x/pyvenv.cfg': '',
        'home/.virtualenvs/x/bin/python': 'FOLDER',
        'home/.virtualenvs/x/lib': 'FOLDER',
      },
      'not-executable',
    ],
    [
      'a virtual environment without Python',
      {
        'home/.virtualenvs/x/pyvenv.cfg': '',
        'home/.virtualenvs/x/bin/pip': 'PROGRAM',
        'home/.virtualenvs/x/lib': 'FOLDER',
      },
      'python-missing',
    ],
    [
      'a virtual environment of which only the configuration is left',
      { 'home/.virtualenvs/x/pyvenv.cfg': '' },
      'half-removed',
    ],
    [
      'a virtual environment that has lost its configuration',
      { 'home/.virtualenvs/x/bin/pip': 'PROGRAM', 'home/.virtualenvs/x/lib': 'FOLDER' },
      'half-removed',
    ],
    [
      'a conda environment without Python',
      { 'home/miniconda3/envs/x/conda-meta/history': '' },
      'python-missing',
    ],
    [
      'a conda environment whose making was cut off',
      { 'home/miniconda3/envs/x/conda-meta': 'FOLDER' },
      'half-removed',
    ],
    [
      'a conda environment whose programs are gone',
      {
        'home/miniconda3/envs/x/conda-meta/history': '',
        'home/miniconda3/envs/x/conda-meta/python-3.11.7-h1_0.json': '{}',
      },
      'half-removed',
    ],
    [
      'what is left of a conda environment',
      { 'home/miniconda3/envs/x/lib/python3.11/site-packages/y/__pycache__': 'FOLDER' },
      'half-removed',
    ],
    ['a pyenv version without Python', { 'home/.pyenv/versions/x/bin/pip': 'PROGRAM' }, 'python-missing'],
    [
      'a link to an environment that is gone',
      { 'home/miniconda3/envs/x': { linkTo: '/no/such/environment' } },
      'dangling-link',
    ],
  ];
  for (const [what, tree, code] of cases) {
    test(`${what} is listed as ${code} and keeps nothing else from being listed`, async (t) => {
      const root = await temporaryFolder(t);
      const rest = Object.entries(tree).filter(([path]) => !path.endsWith('bin/python'));
      const python = Object.entries(tree).filter(([path]) => path.endsWith('bin/python'));
      await writeTree(root, { ...Object.fromEntries(rest), ...Object.fromEntries(python) });
      await writeTree(root, condaTree('opt/conda/envs/sound'));
      const catalog = await catalogOf(t, root);
      const broken = named(catalog, 'x');
      assert.equal(broken.problem?.code, code);
      assert.notEqual(broken.problem.message, '');
      assert.equal(parseEnvironment(broken).ok, true);
      assert.equal(named(catalog, 'sound').problem, undefined);
      assert.equal(catalog.environments.length, 2);
    });
  }

  test('a folder that never was an environment is not listed', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, {
      'home/envs/notes/readme.txt': '',
      'home/miniconda3/envs/.conda_envs_dir_test': '',
      'home/.virtualenvs/postactivate': 'PROGRAM',
      'home/project/env/settings.ini': '',
      'home/project/.env': 'SECRET=1\n',
      'opt/conda/README': '',
    });
    assert.deepEqual((await catalogOf(t, root)).environments, []);
  });
});

describe('hostile names', () => {
  const names = [
    '$(rocket) icon',
    '[link](command:x)',
    'two\nlines',
    '\u202egnp.exe',
    'quote\'"`$(id)',
    ' ',
    '--help',
    '%s%n',
    'ünï-日本',
  ];
  for (const name of names) {
    test(`${JSON.stringify(name)} survives as it is`, async (t) => {
      const root = await temporaryFolder(t);
      await writeTree(root, condaTree(`home/miniconda3/envs/${name}`));
      const found = named(await catalogOf(t, root), name);
      assert.equal(found.prefix, join(root, 'home/miniconda3/envs', name));
      assert.equal(found.problem, undefined);
    });
  }

  test('a name that is not UTF-8 is listed with that reason', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, condaTree('home/miniconda3/envs/sound'));
    await mkdir(Buffer.concat([Buffer.from(join(root, 'home/miniconda3/envs/caf')), Buffer.from([0xe9])]));
    const catalog = await catalogOf(t, root);
    assert.equal(named(catalog, 'caf\ufffd').problem?.code, 'unreadable');
    assert.equal(named(catalog, 'sound').problem, undefined);
  });
});
