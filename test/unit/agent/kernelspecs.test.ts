import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultKernelspecName,
  isKernelspecResource,
  nameKernelspecs,
  resolveKernelspec,
} from '../../../src/daemon/agent/jupyter/kernelspecs';
import { allowVariables } from '../../../src/daemon/agent/jupyter/start';
import type { Environment } from '../../../src/protocol/environments';

let number = 0;

function environment(parts: Partial<Environment> & { readonly name: string }): Environment {
  number += 1;
  const prefix = parts.prefix ?? `/e/${parts.name}`;
  return {
    id: number.toString(16).padStart(16, '0'),
    kind: 'venv',
    prefix,
    language: 'python',
    python: `${prefix}/bin/python`,
    ipykernel: '7.0.0',
    isWritable: true,
    owner: 'self',
    ...parts,
  };
}

const spec = (name: string, parts: Partial<Environment> = {}): Environment =>
  environment({
    name,
    kind: 'kernelspec',
    language: 'R',
    kernelspec: { name, displayName: name.toUpperCase(), interruptMode: 'signal' },
    ...parts,
  });

test('environments that can run kernels have names of their own; others are not listed', () => {
  const able = environment({ name: 'able' });
  const rest = environment({ name: 'bare' });
  delete (rest as { ipykernel?: string }).ipykernel;
  const broken = environment({ name: 'broken', problem: { code: 'python-missing', message: 'x' } });
  const named = nameKernelspecs([able, rest, broken], '');
  assert.deepEqual([...named.keys()], [`env-${able.id}`, 'python3']);
});

test('an installed kernelspec named python3 is what python3 means', () => {
  const installed = spec('python3', { language: 'python' });
  const named = nameKernelspecs([environment({ name: 'a' }), installed], '');
  assert.equal(named.get('python3'), installed);
});

test("the user's own kernelspec hides the system's of the same name", () => {
  const system = spec('ir', { owner: 'root' });
  const own = spec('ir', { owner: 'self' });
  assert.equal(nameKernelspecs([system, own], '').get('ir'), own);
});

/** Which environment `python3` means, the first of the list being right. */
const defaults: readonly [what: string, searchPath: string, inOrder: readonly Environment[]][] = [
  [
    'the first on the PATH',
    '/usr/bin:/e/second/bin:/e/first/bin',
    [environment({ name: 'second' }), environment({ name: 'first' })],
  ],
  [
    'the base of conda before others',
    '',
    [environment({ name: 'b', kind: 'conda', isBase: true }), environment({ name: 'a', kind: 'conda' })],
  ],
  [
    'a conda environment before a venv',
    '',
    [environment({ name: 'c', kind: 'conda' }), environment({ name: 'v' })],
  ],
  [
    'never one of another user',
    '/e/theirs/bin',
    [environment({ name: 'mine' }), environment({ name: 'theirs', owner: 'other' })],
  ],
];

for (const [what, searchPath, inOrder] of defaults) {
  test(`python3 means ${what}, in whatever order they were found`, () => {
    for (const list of [inOrder, [...inOrder].reverse()])
      assert.equal(nameKernelspecs(list, searchPath).get('python3'), inOrder[0]);
  });
}

test('a name leads to its environment, no name to the default, an unknown name nowhere', () => {
  const python = environment({ name: 'p' });
  const list = [spec('ir'), python];
  assert.equal(resolveKernelspec(list, null, '')?.name, 'python3');
  assert.equal(resolveKernelspec(list, undefined, '')?.environment, python);
  assert.equal(resolveKernelspec(list, `env-${python.id}`, '')?.environment, python);
  assert.equal(resolveKernelspec(list, 'ir', '')?.environment.name, 'ir');
  assert.equal(resolveKernelspec(list, 'env-ffffffffffffffff', ''), undefined);
  assert.equal(resolveKernelspec(list, 'julia', ''), undefined);
  assert.equal(resolveKernelspec([], null, ''), undefined);
  assert.equal(defaultKernelspecName(nameKernelspecs([spec('ir')], '')), 'ir');
});

test('only the files that Jupyter serves of a kernelspec are served', () => {
  for (const file of ['kernel.js', 'kernel.css', 'logo-64x64.png', 'logo-svg.svg'])
    assert.ok(isKernelspecResource(file));
  for (const file of ['kernel.json', '../kernel.js', 'logo-/../x', 'logo-..%2f', 'x', ''])
    assert.ok(!isKernelspecResource(file));
});

test('of the variables that a client sends only those for kernels and the configured ones are taken', () => {
  const sent = {
    KERNEL_USERNAME: 'ada',
    PATH: '/evil',
    HOME: '/x',
    TEAM: 'blue',
    LD_PRELOAD: 'x',
    XKERNEL_A: 'y',
  };
  assert.deepEqual(allowVariables(sent, ['TEAM']), { KERNEL_USERNAME: 'ada', TEAM: 'blue' });
});
