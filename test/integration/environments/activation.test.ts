import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, named, virtualTree, writeTree } from '../../unit/environments/tree';
import { condaEnvironment, login, plan } from './launch-plans';

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
