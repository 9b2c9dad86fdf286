import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parseEnvironmentKernelspecName } from '../../../src/protocol/environments';
import { temporaryFolder } from '../../support/temporary-folder';
import { preparedEnvironment } from '../../support/python-environments';
import { catalogOf, condaTree, named, writeTree } from '../../unit/environments/tree';
import { condaEnvironment, login, plan, planError } from './launch-plans';

describe('the plan of a kernel in a Python environment', () => {
  test('names the program, the launcher and the activated environment', async (t) => {
    const { environment } = await condaEnvironment(t);
    const launch = await plan(environment);
    assert.deepEqual(launch.argv, [
      join(environment.prefix, 'bin/python'),
      '-m',
      'ipykernel_launcher',
      '-f',
      '{connection_file}',
    ]);
    assert.deepEqual(
      [launch.launcher, launch.transport, launch.interruptMode, launch.language, launch.displayName],
      ['ipykernel', 'ipc', 'signal', 'python', 'e (Python 3.11.7)'],
    );
    assert.equal(parseEnvironmentKernelspecName(launch.kernelspecName), environment.id);
    assert.deepEqual(launch.variables, {
      ...login,
      PATH: `${environment.prefix}/bin:${login.PATH}`,
      CONDA_PREFIX: environment.prefix,
      CONDA_DEFAULT_ENV: 'e',
      CONDA_PROMPT_MODIFIER: '(e) ',
      CONDA_SHLVL: '1',
    });
  });

  test('takes spyder-kernels where it is asked for, or where there is nothing else', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(
      root,
      condaTree('opt/conda/envs/both', { packages: { ipykernel: '7.0.0', 'spyder-kernels': '3.0.3' } }),
    );
    await writeTree(root, condaTree('opt/conda/envs/spyder', { packages: { 'spyder-kernels': '3.0.3' } }));
    const catalog = await catalogOf(t, root);
    assert.equal((await plan(named(catalog, 'both'))).launcher, 'ipykernel');
    const asked = await plan(named(catalog, 'both'), { launcher: 'spyder-kernels' });
    assert.deepEqual(asked.argv.slice(1), ['-m', 'spyder_kernels.console', '-f', '{connection_file}']);
    assert.equal((await plan(named(catalog, 'spyder'))).launcher, 'spyder-kernels');
  });

  test('leaves another active environment and whatever would mislead the kernel', async (t) => {
    const { environment } = await condaEnvironment(t);
    const { variables } = await plan(environment, {
      loginVariables: {
        ...login,
        PATH: '/opt/base/bin:/opt/base/condabin:/venv/bin:/usr/bin',
        CONDA_PREFIX: '/opt/base',
        CONDA_SHLVL: '3',
        CONDA_PREFIX_2: '/x',
        VIRTUAL_ENV: '/venv',
        PYTHONHOME: '/wrong',
        JPY_PARENT_PID: '1',
      },
      variables: { JPY_PARENT_PID: '2', ASKED: 'for', LANG: 'de_DE.UTF-8' },
    });
    assert.equal(variables['PATH'], `${environment.prefix}/bin:/opt/base/condabin:/usr/bin`);
    assert.equal(variables['CONDA_SHLVL'], '1');
    assert.equal(variables['ASKED'], 'for');
    assert.equal(variables['LANG'], 'de_DE.UTF-8');
    for (const name of ['CONDA_PREFIX_2', 'VIRTUAL_ENV', 'PYTHONHOME', 'JPY_PARENT_PID'])
      assert.equal(name in variables, false, name);
  });

  test('sees what changed since the environment was listed', async (t) => {
    const { root, environment } = await condaEnvironment(t);
    await rm(join(environment.prefix, 'conda-meta/ipykernel-7.0.0-pyhd8ed1ab_0.json'));
    assert.equal((await planError(environment)).code, 'kernel-package-missing');
    await writeTree(environment.prefix, {
      'lib/python3.11/site-packages/ipykernel-7.1.0.dist-info/METADATA': '',
    });
    assert.equal((await plan(environment)).launcher, 'ipykernel');
    await rm(join(root, 'home/miniconda3'), { recursive: true });
    const error = await planError(environment);
    assert.equal(error.code, 'environment-broken');
    assert.match(error.message, /the environment e .* no longer there/);
  });

  test('refuses a broken environment with the reason and the next step', async (t) => {
    const { environment } = await condaEnvironment(t);
    await rm(join(environment.prefix, 'bin/python3.11'));
    const error = await planError(environment);
    assert.equal(error.code, 'environment-broken');
    assert.match(error.message, /link to python3\.11, which is not there.*choose another/);
  });
});

test('a real Python started by its plan is the environment’s, with the environment’s packages', async (t) => {
  const { prefix } = await preparedEnvironment('ipykernel');
  const root = await temporaryFolder(t);
  await writeTree(root, { 'home/.virtualenvs/x': 'FOLDER' });
  await symlink(prefix, join(root, 'home/.virtualenvs/real'));
  const launch = await plan(named(await catalogOf(t, root), 'real'), {
    loginVariables: { ...login, HOME: root },
  });
  const [python = '', ...rest] = launch.argv;
  assert.deepEqual(rest, ['-m', 'ipykernel_launcher', '-f', '{connection_file}']);
  const { stdout } = await promisify(execFile)(
    python,
    [
      '-c',
      'import ipykernel, sys, os; print(sys.prefix, ipykernel.__file__, os.environ["VIRTUAL_ENV"], sep="\\n")',
    ],
    { env: launch.variables },
  );
  const [sysPrefix = '', file = '', active] = stdout.trim().split('\n');
  assert.equal(sysPrefix, join(root, 'home/.virtualenvs/real'));
  assert.ok(file.startsWith(sysPrefix));
  assert.equal(active, sysPrefix);
});
