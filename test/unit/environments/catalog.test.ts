import assert from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../../../src/base/time';
import { parseEnvironment, type EnvironmentEvent } from '../../../src/protocol/environments';
import { createEnvironmentCatalog } from '../../../src/daemon/agent/environments/catalog';
import { silentLogger } from '../../../src/base/logger';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, virtualTree, writeTree, type Leaf } from './tree';

const plainKernelspec = JSON.stringify({
  argv: ['python', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
  display_name: 'Python 3 (ipykernel)',
  language: 'python',
});

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
});

describe('kernelspecs in the catalog', () => {
  test('other languages are listed, a python3 that repeats an environment is not, the first of a name wins', async (t) => {
    const root = await temporaryFolder(t);
    const python = join(root, 'home/miniconda3/envs/r/bin/python');
    await writeTree(root, {
      ...condaTree('home/miniconda3/envs/r'),
      'home/miniconda3/envs/r/share/jupyter/kernels/python3/kernel.json': plainKernelspec,
      'home/miniconda3/envs/r/share/jupyter/kernels/ir/kernel.json': JSON.stringify({
        argv: ['R'],
        display_name: 'R',
        language: 'R',
      }),
      'home/.local/share/jupyter/kernels/python3/kernel.json': plainKernelspec.replace(
        '"python"',
        JSON.stringify(python),
      ),
      'home/.local/share/jupyter/kernels/mine/kernel.json': plainKernelspec
        .replace('"python"', JSON.stringify(python))
        .replace('Python 3 (ipykernel)', 'My project'),
      'home/.local/share/jupyter/kernels/julia-1.10/kernel.json': JSON.stringify({
        argv: [python],
        display_name: 'Julia 1.10',
        language: 'julia',
        interrupt_mode: 'message',
      }),
      'usr/share/jupyter/kernels/julia-1.10/kernel.json': JSON.stringify({
        argv: ['julia'],
        display_name: 'Old Julia',
        language: 'julia',
      }),
      'usr/share/jupyter/kernels/empty/logo.png': '',
    });
    const catalog = await catalogOf(t, root);
    assert.deepEqual(
      catalog.environments.map(({ kind, name, language }) => [kind, name, language]),
      [
        ['conda', 'r', 'python'],
        ['kernelspec', 'Julia 1.10', 'julia'],
        ['kernelspec', 'My project', 'python'],
        ['kernelspec', 'R (r)', 'R'],
      ],
    );
    assert.deepEqual(named(catalog, 'Julia 1.10').kernelspec, {
      name: 'julia-1.10',
      displayName: 'Julia 1.10',
      interruptMode: 'message',
    });
  });

  test('a kernelspec tells of an environment that nothing else names', async (t) => {
    const root = await temporaryFolder(t);
    const python = join(root, 'hidden/place/bin/python');
    await writeTree(root, {
      ...virtualTree('hidden/place', 'version = 3.11.2\n'),
      'home/.local/share/jupyter/kernels/python3/kernel.json': plainKernelspec.replace(
        '"python"',
        JSON.stringify(python),
      ),
    });
    const catalog = await catalogOf(t, root);
    assert.deepEqual(
      catalog.environments.map(({ prefix }) => prefix),
      [join(root, 'hidden/place')],
    );
  });

  test('one that cannot be used is listed with its reason', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, {
      'home/.local/share/jupyter/kernels/damaged/kernel.json': '{ "argv": [',
      'home/.local/share/jupyter/kernels/empty/kernel.json':
        '{ "argv": [], "display_name": "x", "language": "y" }',
      'home/.local/share/jupyter/kernels/gone/kernel.json': JSON.stringify({
        argv: ['/no/such/program'],
        display_name: 'Gone',
        language: 'R',
      }),
    });
    const catalog = await catalogOf(t, root);
    assert.equal(named(catalog, 'damaged').problem?.code, 'kernelspec-unreadable');
    assert.equal(named(catalog, 'empty').problem?.code, 'kernelspec-unreadable');
    assert.equal(named(catalog, 'Gone').problem?.code, 'program-missing');
  });
});

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

describe('following the disk', () => {
  test('the first search tells each environment as it is found, and its end once', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, { ...condaTree('home/miniconda3/envs/a'), ...condaTree('opt/conda/envs/b') });
    const catalog = createEnvironmentCatalog({
      homeFolder: join(root, 'home'),
      variables: {},
      logger: silentLogger,
      watch: false,
      fileSystemRoot: root,
    });
    t.after(() => catalog.dispose());
    const events: EnvironmentEvent[] = [];
    catalog.onDidChange((event) => events.push(event));
    assert.equal(catalog.isComplete, false);
    await catalog.refresh(AbortSignal.timeout(20_000));
    await catalog.refresh(AbortSignal.timeout(20_000));
    assert.equal(catalog.isComplete, true);
    assert.deepEqual(events.map((event) => event.event).sort(), ['complete', 'environment', 'environment']);
    assert.deepEqual(events.at(-1), { event: 'complete', total: 2 });
  });

  test('what was removed, renamed, changed or made is told, and the id of the rest stays', async (t) => {
    const root = await temporaryFolder(t);
    const envs = join(root, 'home/miniconda3/envs');
    await writeTree(root, { ...condaTree('home/miniconda3/envs/a'), ...condaTree('home/miniconda3/envs/b') });
    const catalog = await catalogOf(t, root);
    const before = named(catalog, 'b');
    const removed = named(catalog, 'a').id;
    const events: EnvironmentEvent[] = [];
    catalog.onDidChange((event) => events.push(event));
    await rename(join(envs, 'a'), join(envs, 'c'));
    await writeTree(envs, { 'b/conda-meta/ipykernel-7.0.0-py_0.json': '{}' });
    await catalog.refresh(AbortSignal.timeout(20_000));
    assert.equal(named(catalog, 'b').id, before.id);
    assert.equal(named(catalog, 'b').ipykernel, '7.0.0');
    assert.equal(catalog.get(removed), undefined);
    assert.deepEqual(
      events.map((event) => (event.event === 'environment' ? event.environment.name : event.event)),
      ['b', 'c', 'removed'],
    );
  });

  test('a change is noticed without asking, also in a folder that was not there before', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, condaTree('home/miniconda3/envs/a'));
    const catalog = await catalogOf(t, root, { watch: true });
    const has = (name: string) => () => catalog.environments.find((environment) => environment.name === name);
    await writeTree(root, condaTree('home/miniconda3/envs/later'));
    await until(has('later'), AbortSignal.timeout(15_000));
    await writeTree(root, virtualTree('home/.virtualenvs/first', 'version = 3.11.2\n'));
    await until(has('first'), AbortSignal.timeout(15_000));
    await writeTree(root, { 'home/miniconda3/envs/a/conda-meta/ipykernel-7.0.0-py_0.json': '{}' });
    await until(() => has('a')()?.ipykernel, AbortSignal.timeout(15_000));
    await rename(join(root, 'home/miniconda3/envs/a'), join(root, 'gone'));
    await until(() => (has('a')() === undefined ? true : undefined), AbortSignal.timeout(15_000));
  });

  test('a disposed catalog searches no more', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, condaTree('home/miniconda3/envs/a'));
    const catalog = await catalogOf(t, root, { watch: true });
    catalog.dispose();
    await assert.rejects(catalog.refresh(AbortSignal.timeout(20_000)), { name: 'AbortError' });
  });
});
