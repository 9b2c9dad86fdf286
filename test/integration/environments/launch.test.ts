import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { silentLogger } from '../../../src/base/logger';
import {
  planLaunch,
  type LaunchOptions,
  type LaunchPlan,
} from '../../../src/daemon/agent/environments/launch';
import { parseEnvironmentKernelspecName, type Environment } from '../../../src/protocol/environments';
import { WireError } from '../../../src/protocol/errors';
import { temporaryFolder } from '../../support/temporary-folder';
import { preparedEnvironment } from '../../support/python-environments';
import { catalogOf, condaTree, named, virtualTree, writeTree } from '../../unit/environments/tree';

const login = { HOME: '/home/ada', PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', MINE: 'kept' };

function plan(environment: Environment, options: Partial<LaunchOptions> = {}): Promise<LaunchPlan> {
  return planLaunch(environment, {
    loginVariables: login,
    signal: AbortSignal.timeout(20_000),
    logger: silentLogger,
    ...options,
  });
}

async function planError(environment: Environment, options: Partial<LaunchOptions> = {}): Promise<WireError> {
  let error: unknown;
  await plan(environment, options).catch((thrown: unknown) => {
    error = thrown;
  });
  assert.ok(error instanceof WireError, `no WireError but ${String(error)}`);
  return error;
}

/** A conda environment with ipykernel at `home/miniconda3/envs/e`. */
async function condaEnvironment(
  t: TestContext,
  extra: Record<string, string> = {},
): Promise<{ root: string; environment: Environment }> {
  const root = await temporaryFolder(t);
  await writeTree(root, condaTree('home/miniconda3/envs/e', { packages: { ipykernel: '7.0.0' } }));
  await writeTree(join(root, 'home/miniconda3/envs/e'), extra);
  return { root, environment: named(await catalogOf(t, root), 'e') };
}

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

describe('activation', () => {
  test('sets the environment’s variables and runs its scripts in order, in a shell that knows bash', async (t) => {
    const { environment } = await condaEnvironment(t, {
      'conda-meta/state': JSON.stringify({ env_vars: { FROM_STATE: 'x y', BOTH: 'state' } }),
      'etc/conda/env_vars.d/package.json': JSON.stringify({ FROM_PACKAGE: '1', BOTH: 'package' }),
      'etc/conda/activate.d/b.sh': 'export ORDER="${ORDER}b" LINES=$\'one\\ntwo\'\n',
      'etc/conda/activate.d/a.sh':
        'echo noise; export ORDER=a SEEN="$CONDA_PREFIX $FROM_STATE"; unset MINE\n',
      'etc/conda/activate.d/c.fish': 'set -gx WRONG 1\n',
      'etc/conda/activate.d/d.sh':
        '[[ "$ORDER" == ab ]] && names=(x y) && export COUNT=${#names[@]} PATH="/added:$PATH"\n',
    });
    const { variables } = await plan(environment);
    assert.deepEqual(
      ['FROM_STATE', 'FROM_PACKAGE', 'BOTH', 'ORDER', 'SEEN', 'COUNT', 'LINES', 'MINE', 'WRONG'].map(
        (name) => variables[name],
      ),
      ['x y', '1', 'state', 'ab', `${environment.prefix} x y`, '2', 'one\ntwo', undefined, undefined],
    );
    assert.equal(variables['PATH'], `/added:${environment.prefix}/bin:${login.PATH}`);
  });

  const bad: [what: string, script: string, expected: string | undefined][] = [
    ['a script that fails', 'false; nonsense_command; export AFTER=yes\n', 'yes'],
    ['a script that leaves the shell', 'export AFTER=yes; exit 7\n', 'yes'],
    ['a script that stops at errors', 'export AFTER=yes; set -eu; false\n', 'yes'],
    ['a script that ends its shell', 'export AFTER=yes; kill -9 $$\n', undefined],
    ['a script that becomes another program', 'export AFTER=yes; exec true\n', undefined],
  ];
  for (const [what, script, expected] of bad) {
    test(`${what} does not keep the kernel from starting`, async (t) => {
      const { environment } = await condaEnvironment(t, { 'etc/conda/activate.d/x.sh': script });
      const { variables } = await plan(environment);
      assert.equal(variables['AFTER'], expected);
      assert.equal(variables['CONDA_PREFIX'], environment.prefix);
      assert.equal(variables['MINE'], 'kept');
    });
  }

  test('runs the scripts once, and again when one of them has changed', async (t) => {
    const { root, environment } = await condaEnvironment(t, {
      'etc/conda/activate.d/x.sh': 'echo >> "$MARK"; export VALUE=one\n',
    });
    const options = { loginVariables: { ...login, MARK: join(root, 'runs') } };
    await Promise.all([plan(environment, options), plan(environment, options)]);
    assert.equal((await plan(environment, options)).variables['VALUE'], 'one');
    assert.equal((await readFile(join(root, 'runs'), 'utf8')).length, 1);
    await writeFile(join(environment.prefix, 'etc/conda/activate.d/x.sh'), 'export VALUE=two\n');
    assert.equal((await plan(environment, options)).variables['VALUE'], 'two');
  });

  test('of a virtual environment says which one it is', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, virtualTree('home/lab/.venv', 'version = 3.11.2\n', ['ipykernel-7.0.0.dist-info']));
    const environment = named(await catalogOf(t, root), 'lab');
    const { variables } = await plan(environment);
    assert.deepEqual(variables, {
      ...login,
      PATH: `${environment.prefix}/bin:${login.PATH}`,
      VIRTUAL_ENV: environment.prefix,
      VIRTUAL_ENV_PROMPT: 'lab',
    });
  });
});

describe('the plan of a kernelspec', () => {
  const folder = 'home/.local/share/jupyter/kernels';

  test('runs its own command with its variables, over TCP', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, {
      'bin/R': 'PROGRAM',
      [`${folder}/ir/kernel.json`]: JSON.stringify({
        argv: ['R', '--slave', '{resource_dir}/start.R', '{connection_file}'],
        display_name: 'R 4',
        language: 'R',
        interrupt_mode: 'message',
        env: { R_LIBS: '${HOME}/R' },
      }),
    });
    const launch = await plan(named(await catalogOf(t, root), 'R 4'), {
      loginVariables: { ...login, PATH: join(root, 'bin') },
    });
    assert.deepEqual(launch, {
      argv: [join(root, 'bin/R'), '--slave', join(root, folder, 'ir/start.R'), '{connection_file}'],
      variables: { ...login, PATH: join(root, 'bin'), R_LIBS: '/home/ada/R' },
      interruptMode: 'message',
      transport: 'tcp',
      language: 'R',
      kernelspecName: 'ir',
      displayName: 'R 4',
      launcher: 'kernelspec',
    });
  });

  test('in an environment activates it, and a bare python is the environment’s', async (t) => {
    const root = await temporaryFolder(t);
    await writeTree(root, {
      ...condaTree('opt/conda/envs/e'),
      'opt/conda/envs/e/share/jupyter/kernels/bash/kernel.json': JSON.stringify({
        argv: ['python', '-m', 'bash_kernel', '-f', '{connection_file}', '--root={prefix}'],
        display_name: 'Bash',
        language: 'bash',
      }),
    });
    const launch = await plan(named(await catalogOf(t, root), 'Bash (e)'));
    const prefix = join(root, 'opt/conda/envs/e');
    assert.deepEqual(launch.argv, [
      `${prefix}/bin/python`,
      '-m',
      'bash_kernel',
      '-f',
      '{connection_file}',
      `--root=${prefix}`,
    ]);
    assert.equal(launch.variables['CONDA_PREFIX'], prefix);
  });

  test('that names another environment’s Python activates that one, and ipykernel listens on ipc', async (t) => {
    const root = await temporaryFolder(t);
    const prefix = join(root, 'opt/conda/envs/e');
    await writeTree(root, {
      ...condaTree('opt/conda/envs/e'),
      [`${folder}/mine/kernel.json`]: JSON.stringify({
        argv: [`${prefix}/bin/python`, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
        display_name: 'Mine',
        language: 'python',
      }),
    });
    const launch = await plan(named(await catalogOf(t, root), 'Mine'));
    assert.deepEqual([launch.transport, launch.variables['CONDA_PREFIX']], ['ipc', prefix]);
  });

  test('that is gone, damaged or without its program is refused with its code', async (t) => {
    const root = await temporaryFolder(t);
    const spec = { argv: ['no-such-program'], display_name: 'X', language: 'x' };
    await writeTree(root, { [`${folder}/x/kernel.json`]: JSON.stringify(spec) });
    const environment = named(await catalogOf(t, root), 'X');
    const missing = await planError(environment);
    assert.equal(missing.code, 'environment-broken');
    assert.match(missing.message, /no-such-program is not there, nor on the PATH/);
    await writeFile(join(root, folder, 'x/kernel.json'), '{');
    assert.equal((await planError(environment)).code, 'environment-broken');
    await rm(join(root, folder, 'x'), { recursive: true });
    assert.equal((await planError(environment)).code, 'kernelspec-not-found');
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
