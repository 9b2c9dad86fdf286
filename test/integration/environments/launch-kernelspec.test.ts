import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, writeTree } from '../../unit/environments/tree';
import { login, plan, planError } from './launch-plans';

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
