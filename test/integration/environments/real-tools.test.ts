import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until } from '../../../src/base/time';
import { cachedFolder } from '../../../src/development/cached-folder';
import { makePythonEnvironment, pythonIn, systemPython } from '../../../src/development/python-environment';
import { runCommand } from '../../../src/development/run-command';
import {
  createEnvironmentCatalog,
  type EnvironmentCatalog,
} from '../../../src/daemon/agent/environments/catalog';
import { planLaunch } from '../../../src/daemon/agent/environments/launch';
import type { Environment } from '../../../src/protocol/environments';
import { WireError } from '../../../src/protocol/errors';
import {
  condaLab,
  createCondaEnvironment,
  recordedVersions,
  runConda,
} from '../../support/conda-lab/conda-lab';
import { preparedEnvironment } from '../../support/python-environments';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, named } from '../../unit/environments/tree';

/** A Python environment with uv and virtualenv, made once. */
async function makers(): Promise<{ uv: string; virtualenv: string }> {
  const packages = ['uv==0.13.9', 'virtualenv==21.15.8'];
  const prefix = await cachedFolder(
    {
      name: `environment-makers-${packages.join('-').replaceAll('==', '-')}`,
      build: (folder) => makePythonEnvironment(folder, packages, AbortSignal.timeout(300_000)),
    },
    AbortSignal.timeout(600_000),
  );
  return { uv: join(prefix, 'bin', 'uv'), virtualenv: join(prefix, 'bin', 'virtualenv') };
}

async function homeOf(t: TestContext): Promise<{ root: string; home: string }> {
  const root = await temporaryFolder(t);
  const home = join(root, 'home');
  await mkdir(home);
  return { root, home };
}

function watching(t: TestContext, root: string): EnvironmentCatalog {
  const catalog = createEnvironmentCatalog({
    homeFolder: join(root, 'home'),
    variables: {},
    logger: silentLogger,
    watch: true,
    fileSystemRoot: root,
  });
  t.after(() => catalog.dispose());
  return catalog;
}

/** Waits until the environment of that name is as it should be. */
function settled(
  catalog: EnvironmentCatalog,
  name: string,
  isRight: (environment: Environment | undefined) => boolean,
): Promise<true> {
  return until(() => {
    const found = catalog.environments.find((environment) => environment.name === name);
    return isRight(found) ? true : undefined;
  }, AbortSignal.timeout(30_000));
}

async function versionOf(python: string): Promise<string> {
  const { output } = await runCommand(python, ['-c', 'import platform; print(platform.python_version())'], {
    timeoutMs: 20_000,
  });
  return output.trim();
}

describe('environments of a real conda', () => {
  test('are followed while conda makes, fills, renames and removes them', async (t) => {
    const lab = await condaLab();
    const { root, home } = await homeOf(t);
    const catalog = watching(t, root);
    const prefix = join(home, '.conda', 'envs', 'analysis');

    await createCondaEnvironment(lab, home, prefix, ['python']);
    await settled(
      catalog,
      'analysis',
      (found) => found?.pythonVersion !== undefined && found.problem === undefined,
    );
    const before = named(catalog, 'analysis');
    assert.deepEqual([before.kind, before.prefix, before.ipykernel], ['conda', prefix, undefined]);
    const versions = await recordedVersions(prefix);
    assert.equal(before.pythonVersion, versions.get('python'));
    assert.equal(before.pythonVersion, await versionOf(pythonIn(prefix)));

    const options = {
      loginVariables: { HOME: home, PATH: '/usr/bin:/bin' },
      signal: AbortSignal.timeout(60_000),
      logger: silentLogger,
    };
    const missing: unknown = await planLaunch(before, options).catch((error: unknown) => error);
    assert.ok(missing instanceof WireError && missing.code === 'kernel-package-missing');
    assert.equal(missing.detail?.installCommand, `conda install -p ${prefix} ipykernel`);

    // The command that a person is given, as it is, with what makes conda ask nothing.
    const words = missing.detail.installCommand.split(' ').slice(1);
    await runConda(lab, home, [...words, '-y', '-q', '-c', lab.channel, '--override-channels']);
    await settled(catalog, 'analysis', (found) => found?.ipykernel !== undefined);
    assert.equal(named(catalog, 'analysis').ipykernel, (await recordedVersions(prefix)).get('ipykernel'));
    assert.equal(named(catalog, 'analysis').id, before.id);
    assert.equal((await planLaunch(before, options)).launcher, 'ipykernel');

    await rename(prefix, join(home, '.conda', 'envs', 'renamed'));
    await settled(catalog, 'analysis', (found) => found === undefined);
    await settled(catalog, 'renamed', (found) => found?.ipykernel !== undefined);
    await runConda(lab, home, ['env', 'remove', '-y', '-p', join(home, '.conda', 'envs', 'renamed')]);
    await rm(join(home, '.conda', 'envs', 'renamed'), { recursive: true, force: true });
    await settled(catalog, 'renamed', (found) => found === undefined);
    assert.deepEqual(catalog.environments, []);
  });

  test('are listed wherever they are, by the list that conda keeps', async (t) => {
    const lab = await condaLab();
    const { root, home } = await homeOf(t);
    const prefix = join(root, 'scratch', 'far away');
    await createCondaEnvironment(lab, home, prefix, ['six']);
    const listed = await readFile(join(home, '.conda', 'environments.txt'), 'utf8');
    assert.ok(listed.includes(prefix), 'conda has written its list');
    const catalog = await catalogOf(t, root);
    const found = named(catalog, 'far away');
    assert.deepEqual([found.kind, found.prefix, found.problem], ['conda', prefix, undefined]);
  });

  test('have the variables that conda itself would set', async (t) => {
    const lab = await condaLab();
    const { root, home } = await homeOf(t);
    const prefix = join(home, '.conda', 'envs', 'active');
    await createCondaEnvironment(lab, home, prefix, ['python', 'ipykernel']);
    await runConda(lab, home, ['env', 'config', 'vars', 'set', '-p', prefix, 'SET_BY_USER=a b']);
    await mkdir(join(prefix, 'etc', 'conda', 'activate.d'), { recursive: true });
    await writeFile(
      join(prefix, 'etc', 'conda', 'activate.d', 'x.sh'),
      'export FROM_SCRIPT="$CONDA_DEFAULT_ENV"\n',
    );
    const login = { HOME: home, PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' };
    const { output } = await runCommand(
      '/bin/bash',
      [
        '--noprofile',
        '--norc',
        '-c',
        `. ${lab.root}/etc/profile.d/conda.sh; conda activate ${prefix}; exec /usr/bin/env -0`,
      ],
      { environment: login, timeoutMs: 60_000 },
    );
    const theirs = new Map(
      output
        .split('\0')
        .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
    const { variables } = await planLaunch(named(await catalogOf(t, root), 'active'), {
      loginVariables: login,
      signal: AbortSignal.timeout(60_000),
      logger: silentLogger,
    });
    for (const name of [
      'PATH',
      'CONDA_PREFIX',
      'CONDA_SHLVL',
      'SET_BY_USER',
      'CONDA_DEFAULT_ENV',
      'FROM_SCRIPT',
      'LANG',
      'HOME',
    ]) {
      // conda puts the folder of its own command on the PATH as well, which belongs to the shell that runs it.
      const expected = theirs.get(name)?.replace(`${lab.root}/condabin:`, '');
      assert.equal(variables[name], expected, name);
    }
  });

  test('are listed as half-removed when conda was cut off in the middle', async (t) => {
    const lab = await condaLab();
    const { root, home } = await homeOf(t);
    const prefix = join(home, '.conda', 'envs', 'cut');
    await createCondaEnvironment(lab, home, prefix, ['six', 'python']);
    await rm(join(prefix, 'bin'), { recursive: true });
    assert.equal(named(await catalogOf(t, root), 'cut').problem?.code, 'half-removed');
    for (const name of await readdir(join(prefix, 'conda-meta')))
      await rm(join(prefix, 'conda-meta', name), { recursive: true });
    assert.equal(named(await catalogOf(t, root), 'cut').problem?.code, 'half-removed');
  });
});

describe('virtual environments of the real tools', () => {
  test('venv, virtualenv and uv are told apart, each with its Python’s version', async (t) => {
    const { uv, virtualenv } = await makers();
    const { root, home } = await homeOf(t);
    const python = await systemPython();
    const folder = join(home, '.virtualenvs');
    await mkdir(folder);
    const environment = { ...process.env, HOME: home, UV_PYTHON_DOWNLOADS: 'never' };
    const run = (program: string, words: string[]) =>
      runCommand(program, words, { timeoutMs: 120_000, environment });
    await run(python, ['-m', 'venv', '--without-pip', join(folder, 'by-venv')]);
    await run(virtualenv, ['--no-download', '-p', python, join(folder, 'by-virtualenv')]);
    await run(uv, ['venv', '--python', python, join(folder, 'by-uv')]);
    await run(uv, ['venv', '--python', python, '--prompt', 'chosen', join(home, 'project', '.venv')]);
    const catalog = await catalogOf(t, root);
    const version = await versionOf(python);
    assert.deepEqual(
      catalog.environments.map(({ kind, name, pythonVersion, problem }) => [
        kind,
        name,
        pythonVersion,
        problem,
      ]),
      [
        ['venv', 'by-venv', version, undefined],
        ['virtualenv', 'by-virtualenv', version, undefined],
        ['uv', 'by-uv', version, undefined],
        ['uv', 'chosen', version, undefined],
      ],
    );
  });

  test('an environment with ipykernel has the version that pip says', async (t) => {
    for (const name of ['ipykernel', 'ipykernel-6', 'spyder', 'bare'] as const) {
      const { prefix, python } = await preparedEnvironment(name);
      const root = await temporaryFolder(t);
      await mkdir(join(root, 'home'));
      const catalog = await catalogOf(t, root, { variables: { VIRTUAL_ENV: prefix } });
      const [found] = catalog.environments.filter((environment) => environment.kind === 'venv');
      const { output } = await runCommand(
        python,
        ['-m', 'pip', 'list', '--format', 'json', '--disable-pip-version-check'],
        { timeoutMs: 60_000 },
      );
      const installed = JSON.parse(output) as { name: string; version: string }[];
      const versionByPip = (wanted: string) =>
        installed.find((one) => one.name.replace('_', '-') === wanted)?.version;
      assert.equal(found?.ipykernel, versionByPip('ipykernel'), name);
      assert.equal(found?.spyderKernels, versionByPip('spyder-kernels'), name);
    }
  });

  test('the bash kernel’s kernelspec is listed with its environment, its ipykernel only once', async (t) => {
    const { prefix } = await preparedEnvironment('bash-kernel');
    const root = await temporaryFolder(t);
    await mkdir(join(root, 'home'));
    const catalog = await catalogOf(t, root, { variables: { VIRTUAL_ENV: prefix } });
    const kernelspecs = catalog.environments.filter((environment) => environment.kind === 'kernelspec');
    assert.deepEqual(
      kernelspecs.map((environment) => environment.kernelspec?.name),
      ['bash'],
    );
  });

  test('one whose Python was removed from the system is listed as broken', async (t) => {
    const { root, home } = await homeOf(t);
    const installed = join(root, 'removed-later');
    await symlink(await systemPython(), installed);
    const prefix = join(home, '.virtualenvs', 'orphan');
    await runCommand(await systemPython(), ['-m', 'venv', '--without-pip', '--symlinks', prefix], {
      timeoutMs: 60_000,
    });
    // The links of a venv lead to each other and in the end to the installed Python.
    for (const name of ['python', 'python3']) await rm(join(prefix, 'bin', name), { force: true });
    await symlink(installed, join(prefix, 'bin', 'python'));
    assert.equal(named(await catalogOf(t, root), 'orphan').problem, undefined);
    await rm(installed);
    const broken = named(await catalogOf(t, root), 'orphan');
    assert.equal(broken.problem?.code, 'dangling-link');
    assert.match(broken.problem.message, /removed-later/);
  });
});
