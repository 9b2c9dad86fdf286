import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../../support/temporary-folder';
import { catalogOf, condaTree, named, virtualTree, writeTree } from './tree';

const plainKernelspec = JSON.stringify({
  argv: ['python', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
  display_name: 'Python 3 (ipykernel)',
  language: 'python',
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
