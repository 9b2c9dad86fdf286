import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { repeatedPrefixOf } from '../../../src/daemon/agent/environments/inspect-kernelspecs';
import {
  expandVariables,
  expandWord,
  transportOf,
} from '../../../src/daemon/agent/environments/launch-kernelspec';
import {
  nameOfCondaEnvironment,
  nameOfPixiEnvironment,
  nameOfVirtualEnvironment,
} from '../../../src/daemon/agent/environments/names';
import { quoteCommand } from '../../../src/daemon/agent/environments/quote';
import { parseCapture } from '../../../src/daemon/agent/environments/shell-capture';
import {
  prependPath,
  withoutActiveEnvironment,
  withoutMisleading,
  withoutOurs,
  withoutShellState,
} from '../../../src/daemon/agent/environments/variables';
import { parseKernelspecFile } from '../../../src/protocol/jupyter';
import { expectParsed } from '../../../src/base/parse';

describe('names of environments', () => {
  const cases: [found: string, shown: string][] = [
    [nameOfCondaEnvironment('/opt/conda', true), 'base'],
    [nameOfCondaEnvironment('/opt/conda/envs/analysis', false), 'analysis'],
    [nameOfCondaEnvironment('/home/ada/thesis/.conda', false), 'thesis'],
    [nameOfPixiEnvironment('/home/ada/.pixi/envs/ruff', '/home/ada'), 'ruff'],
    [nameOfPixiEnvironment('/srv/weather/.pixi/envs/default', '/home/ada'), 'weather'],
    [nameOfPixiEnvironment('/srv/weather/.pixi/envs/test', '/home/ada'), 'weather:test'],
    [nameOfVirtualEnvironment('/home/ada/thesis/.venv', undefined), 'thesis'],
    [nameOfVirtualEnvironment('/home/ada/thesis/.venv', 'chosen'), 'chosen'],
    [nameOfVirtualEnvironment('/home/ada/.virtualenvs/plots', undefined), 'plots'],
    [nameOfVirtualEnvironment('/venv', undefined), 'venv'],
  ];
  for (const [found, shown] of cases) test(`one is shown as ${shown}`, () => assert.equal(found, shown));
});

describe('variables of a kernel', () => {
  test('what belongs to another kernel or to the editor is taken away, whoever set it', () => {
    const variables = {
      HOME: '/h',
      JPY_PARENT_PID: '7',
      JPY_SESSION_NAME: 'x',
      PYTHONHOME: '/p',
      __PYVENV_LAUNCHER__: 'l',
      VSCODE_IPC_HOOK: 's',
      ELECTRON_RUN_AS_NODE: '1',
      REMOTE_KERNELS_DIST: 'd',
      PYTHONPATH: '/mine',
    };
    assert.deepEqual(withoutMisleading(variables), { HOME: '/h', PYTHONPATH: '/mine' });
  });

  test('what was set for the agent itself is not inherited', () => {
    const variables = {
      HOME: '/h',
      NODE_OPTIONS: '--inspect',
      LD_PRELOAD: '/x.so',
      NODE_CHANNEL_FD: '3',
      JPY_PARENT_PID: '7',
      NONE: undefined,
    };
    assert.deepEqual(withoutOurs(variables), { HOME: '/h' });
  });

  test('what a shell says of itself is not a kernel’s', () => {
    assert.deepEqual(withoutShellState({ PWD: '/a', OLDPWD: '/b', SHLVL: '2', _: '/x', HOME: '/h' }), {
      HOME: '/h',
    });
  });

  test('an active environment is left: its variables are gone and its programs are off the PATH', () => {
    const variables = {
      PATH: '/opt/conda/envs/a/bin/:/venv/bin:/opt/conda/bin:/opt/conda/condabin:/usr/bin',
      CONDA_PREFIX: '/opt/conda/envs/a',
      CONDA_PREFIX_1: '/opt/conda',
      CONDA_SHLVL: '2',
      CONDA_DEFAULT_ENV: 'a',
      CONDA_EXE: '/opt/conda/bin/conda',
      CONDA_PROMPT_MODIFIER: '(a) ',
      _CE_M: '',
      VIRTUAL_ENV: '/venv',
      VIRTUAL_ENV_PROMPT: 'v',
      PIXI_PROJECT_ROOT: '/p',
      CONDA_ENVS_PATH: '/mine',
      MAMBA_ROOT_PREFIX: '/m',
    };
    assert.deepEqual(withoutActiveEnvironment(variables), {
      PATH: '/opt/conda/condabin:/usr/bin',
      CONDA_ENVS_PATH: '/mine',
      MAMBA_ROOT_PREFIX: '/m',
    });
  });

  test('a folder comes first on the PATH, once', () => {
    assert.equal(prependPath('/usr/bin:/e/bin::/bin', '/e/bin'), '/e/bin:/usr/bin:/bin');
    assert.equal(prependPath(undefined, '/e/bin'), '/e/bin');
  });
});

describe('kernelspecs', () => {
  const spec = (changes: object) =>
    expectParsed(
      parseKernelspecFile({
        argv: ['python', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
        display_name: 'Python 3',
        language: 'python',
        ...changes,
      }),
    );
  const cases: [what: string, changes: object, prefix: string | undefined][] = [
    ['a bare python in an environment repeats the environment', {}, '/e'],
    [
      'an absolute python repeats the environment it is in',
      { argv: ['/x/bin/python3.11', '-m', 'ipykernel_launcher', '-f', '{connection_file}'] },
      '/x',
    ],
    [
      'an option for the debugger changes nothing',
      { argv: ['python', '-Xfrozen_modules=off', '-m', 'ipykernel_launcher', '-f', '{connection_file}'] },
      '/e',
    ],
    ['variables of its own make it another', { env: { A: '1' } }, undefined],
    [
      'options of its own make it another',
      { argv: ['python', '-m', 'ipykernel_launcher', '-f', '{connection_file}', '--matplotlib=inline'] },
      undefined,
    ],
    ['another language is another', { language: 'R' }, undefined],
    [
      'another module is another',
      { argv: ['python', '-m', 'bash_kernel', '-f', '{connection_file}'] },
      undefined,
    ],
    [
      'a wrapper around python is another',
      { argv: ['/x/bin/run', '-m', 'ipykernel_launcher', '-f', '{connection_file}'] },
      undefined,
    ],
  ];
  for (const [what, changes, prefix] of cases) {
    test(what, () => assert.equal(repeatedPrefixOf(spec(changes), '/e'), prefix));
  }

  test('known names in braces are replaced, the keeper’s stay', () => {
    const values = { resource_dir: '/r', prefix: '/p' };
    assert.equal(
      expandWord('{resource_dir}/x {connection_file} {prefix} {constructor}', values),
      '/r/x {connection_file} /p {constructor}',
    );
  });

  test('variables refer to others as jupyter_client lets them', () => {
    const env = { A: '${HOME}/a:$HOME', B: '$UNKNOWN-${UNKNOWN}', C: '$$HOME' };
    assert.deepEqual(expandVariables(env, { HOME: '/h' }), {
      A: '/h/a:/h',
      B: '$UNKNOWN-${UNKNOWN}',
      C: '$HOME',
    });
  });

  const transports: [string[], 'ipc' | 'tcp'][] = [
    [['/p', '-m', 'ipykernel_launcher', '-f', 'x'], 'ipc'],
    [['/p', '-m', 'spyder_kernels.console', '-f', 'x'], 'ipc'],
    [['/p', '-m', 'bash_kernel', '-f', 'x'], 'tcp'],
    [['/usr/bin/R', '--slave', '-e', 'IRkernel::main()'], 'tcp'],
    [['/p', '-m'], 'tcp'],
  ];
  for (const [argv, transport] of transports) {
    test(`${argv.join(' ')} listens on ${transport}`, () => assert.equal(transportOf(argv), transport));
  }
});

describe('commands to paste', () => {
  const words = [
    '/home/ada/my env/bin/python',
    "it's",
    '$(touch /tmp/x)',
    '`id`',
    'a;b',
    '',
    '-m',
    'pïp',
    'a\nb',
    '!!',
    '~',
    '*',
  ];

  test('a shell reads back exactly the words that were quoted', () => {
    const printed = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${quoteCommand(words)}`], {
      encoding: 'utf8',
    });
    assert.deepEqual(printed.split('\0').slice(0, -1), words);
  });

  test('plain words stay readable', () => {
    assert.equal(
      quoteCommand(['conda', 'install', '-p', '/opt/conda/envs/x', 'ipykernel']),
      'conda install -p /opt/conda/envs/x ipykernel',
    );
  });
});

describe('what a shell prints', () => {
  const capture = (text: string) => parseCapture(Buffer.from(text), 'begin-1', 'end-1');

  test('variables are read between the marks, whatever stands around them', () => {
    assert.deepEqual(capture('Welcome!\nA=0\nbegin-1\nA=1\0B=x=y\nz\0BASH_FUNC_f%%=() {  :\n}\0end-1\nbye'), {
      A: '1',
      B: 'x=y\nz',
      'BASH_FUNC_f%%': '() {  :\n}',
    });
  });

  test('without the end nothing is believed', () => {
    assert.equal(capture('begin-1\nA=1\0B='), undefined);
    assert.equal(capture('A=1\0end-1'), undefined);
  });
});
