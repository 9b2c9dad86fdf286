import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, virtualTree, writeTree } from '../../unit/environments/tree';
import { condaEnvironment, login, planError } from './launch-plans';

describe('the command that installs a missing package', () => {
  const cases: [
    what: string,
    kind: string,
    place: string,
    tree: (path: string) => Parameters<typeof writeTree>[1],
    command: (prefix: string) => string,
  ][] = [
    [
      'conda',
      'conda',
      'home/miniconda3/envs/e',
      (path) => condaTree(path),
      (prefix) => `conda install -p ${prefix} ipykernel`,
    ],
    [
      'conda, with blanks in the path',
      'conda',
      'home/miniconda3/envs/my env',
      (path) => condaTree(path),
      (prefix) => `conda install -p '${prefix}' ipykernel`,
    ],
    [
      'micromamba',
      'micromamba',
      'home/micromamba/envs/e',
      (path) => condaTree(path, { command: '/x/micromamba create' }),
      (prefix) => `micromamba install -p ${prefix} ipykernel`,
    ],
    [
      'mamba',
      'mamba',
      'home/miniforge3/envs/e',
      (path) => condaTree(path, { command: '/x/mamba create' }),
      (prefix) => `mamba install -p ${prefix} ipykernel`,
    ],
    [
      'uv',
      'uv',
      'home/e/.venv',
      (path) => virtualTree(path, 'uv = 0.8.13\nversion_info = 3.11.2\n'),
      (prefix) => `uv pip install --python ${prefix}/bin/python ipykernel`,
    ],
    [
      'venv',
      'venv',
      'home/.virtualenvs/e',
      (path) => virtualTree(path, 'version = 3.11.2\n', ['pip-26.0.dist-info']),
      (prefix) => `${prefix}/bin/python -m pip install ipykernel`,
    ],
    [
      'venv without pip',
      'venv',
      'home/.virtualenvs/e',
      (path) => virtualTree(path, 'version = 3.11.2\n'),
      (prefix) => `${prefix}/bin/python -m ensurepip && ${prefix}/bin/python -m pip install ipykernel`,
    ],
    [
      'virtualenv',
      'virtualenv',
      'home/.virtualenvs/e',
      (path) => virtualTree(path, 'virtualenv = 20\n', ['pip-26.0.dist-info']),
      (prefix) => `${prefix}/bin/python -m pip install ipykernel`,
    ],
    [
      'a pixi project',
      'pixi',
      'home/weather/.pixi/envs/default',
      (path) => ({ ...condaTree(path), 'home/weather/pixi.toml': '' }),
      (prefix) => `pixi add --manifest-path ${prefix.replace('.pixi/envs/default', 'pixi.toml')} ipykernel`,
    ],
    [
      'a named environment of a pixi project',
      'pixi',
      'home/weather/.pixi/envs/test',
      (path) => ({
        ...condaTree(path),
        [`${path}/conda-meta/pixi`]: '{"manifest_path":"/w/pyproject.toml","environment_name":"test"}',
      }),
      () => 'pixi add --manifest-path /w/pyproject.toml --feature test ipykernel',
    ],
    [
      'a global pixi environment',
      'pixi',
      'home/.pixi/envs/tools',
      (path) => condaTree(path),
      () => 'pixi global add --environment tools ipykernel',
    ],
    [
      'pyenv',
      'pyenv',
      'home/.pyenv/versions/3.12.1',
      (path) => ({
        [`${path}/bin/python`]: 'PROGRAM',
        [`${path}/lib/python3.12/site-packages/pip-26.0.dist-info/METADATA`]: '',
      }),
      (prefix) => `${prefix}/bin/python -m pip install ipykernel`,
    ],
  ];
  for (const [what, kind, place, tree, command] of cases) {
    test(`of ${what} is exact`, async (t) => {
      const root = await temporaryFolder(t);
      await writeTree(root, { 'home/x': '', ...tree(place) });
      const [environment] = (await catalogOf(t, root)).environments;
      assert.ok(environment !== undefined);
      assert.equal(environment.kind, kind);
      const error = await planError(environment);
      assert.equal(error.code, 'kernel-package-missing');
      assert.equal(error.detail?.installCommand, command(join(root, place)));
      assert.ok(error.message.includes(command(join(root, place))));
    });
  }

  test('names the tool by its path where the PATH does not have it', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, { ...condaTree('home/miniconda3/envs/e'), 'home/miniconda3/bin/conda': 'PROGRAM' });
    const error = await planError(named(await catalogOf(t, root), 'e'));
    const [tool, prefix] = [join(root, 'home/miniconda3/bin/conda'), join(root, 'home/miniconda3/envs/e')];
    assert.equal(error.detail?.installCommand, `${tool} install -p ${prefix} ipykernel`);
    const onPath = await planError(named(await catalogOf(t, root), 'e'), {
      loginVariables: { ...login, PATH: join(root, 'home/miniconda3/bin') },
    });
    assert.equal(onPath.detail?.installCommand, `conda install -p ${prefix} ipykernel`);
  });

  test('is not given for a frozen environment', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, { ...condaTree('opt/conda/envs/e'), 'opt/conda/envs/e/conda-meta/frozen': '' });
    const error = await planError(named(await catalogOf(t, root), 'e'));
    assert.equal(error.detail?.installCommand, undefined);
    assert.match(error.message, /frozen/);
  });

  test('is for spyder-kernels when that was asked for', async (t) => {
    const { environment } = await condaEnvironment(t);
    const error = await planError(environment, { launcher: 'spyder-kernels' });
    assert.equal(error.detail?.installCommand, `conda install -p ${environment.prefix} spyder-kernels`);
  });
});
