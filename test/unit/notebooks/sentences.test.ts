import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WireError } from '../../../src/protocol/errors';
import type { KernelExit } from '../../../src/protocol/kernels';
import {
  describeEndedKernel,
  describeKernelEnd,
  describeStartFailure,
} from '../../../src/extension/notebooks/start-problems';
import {
  defaultFolderOf,
  formatRemoteFolder,
  isMissingFileError,
  remoteFolderHint,
} from '../../../src/extension/notebooks/remote-folder';

const where = { environmentName: 'torch', hostName: 'lab-7' };

const failures: readonly [error: unknown, message: string, remedies: readonly string[]][] = [
  [
    new WireError('kernel-package-missing', 'x', { installCommand: 'conda install ipykernel' }),
    'The environment torch on lab-7 has no ipykernel.',
    ['copy-command', 'choose-another'],
  ],
  [
    new WireError('kernel-package-missing', 'x'),
    'The environment torch on lab-7 has no ipykernel.',
    ['choose-another'],
  ],
  [
    new WireError('kernel-package-missing', 'x', { environments: 'list' }),
    'The environment torch on lab-7 has no ipykernel, and the administrator of lab-7 allows only listing environments. Ask them to install it, or choose another one.',
    ['choose-another'],
  ],
  [
    new WireError('kernel-start-failed', 'x', {
      exitCode: 1,
      output: 'a\nb\nImportError: \u001b[31mno\u001b[0m numpy\n',
    }),
    'The kernel in torch on lab-7 did not start (exit code 1). It said: a b ImportError: no numpy',
    ['show-output', 'choose-another'],
  ],
  [
    new WireError('kernel-start-failed', 'x', { signal: 'SIGSEGV' }),
    'The kernel in torch on lab-7 did not start (signal 11, a crash in compiled code).',
    ['show-output', 'choose-another'],
  ],
  [
    new WireError('kernel-start-timeout', 'x', { output: 'loading' }),
    'The kernel in torch on lab-7 did not answer in time. It said: loading',
    ['retry', 'show-output'],
  ],
  [
    new WireError('kernel-limit-reached', 'x', { limit: 5 }),
    'lab-7 allows 5 kernels for a person, and you have 5.',
    ['show-kernels'],
  ],
  [
    new WireError('kernel-limit-reached', 'x', { limit: 1 }),
    'lab-7 allows 1 kernel for a person, and you have 1.',
    ['show-kernels'],
  ],
  [
    new WireError('environment-not-found', 'x'),
    'The environment torch is not on lab-7 any more. Choose another one.',
    ['choose-another'],
  ],
  [
    new WireError('environment-broken', 'python is gone'),
    'The environment torch on lab-7 is broken: python is gone',
    ['choose-another'],
  ],
  [
    new WireError('folder-not-found', 'x'),
    'The remote folder of this notebook is not on lab-7. Choose another one.',
    ['choose-folder'],
  ],
  [new Error('no answer'), 'No kernel could be started in torch on lab-7: no answer', ['retry', 'show-log']],
];

describe('the sentence for a kernel that did not start', () => {
  for (const [error, message, remedies] of failures) {
    test(message, () => {
      const problem = describeStartFailure(error, where);
      assert.deepEqual([problem.message, problem.remedies.map(({ kind }) => kind)], [message, remedies]);
    });
  }

  test('has no line ends, control characters or unlimited length, whatever the host sent', () => {
    const output = `${'\u0007x'.repeat(100_000)}\n\u202eevil`;
    const { message } = describeStartFailure(new WireError('kernel-start-failed', 'x', { output }), {
      environmentName: 'a\nb\u202e',
      hostName: 'h'.repeat(1000),
    });
    assert.ok(message.length < 700, String(message.length));
    // eslint-disable-next-line no-control-regex -- that there is none is what is asserted
    assert.ok(!/[\u0000-\u001f\u202e]/.test(message), message);
  });
});

const exit = (more: Partial<KernelExit>): KernelExit => ({ at: '2026-01-01T00:00:00Z', ...more });
const ends: readonly [KernelExit | undefined, string][] = [
  [undefined, 'The kernel of this notebook on lab-7 is not there any more.'],
  [exit({ code: 3 }), 'The kernel of this notebook on lab-7 ended (exit code 3).'],
  [exit({}), 'The kernel of this notebook on lab-7 ended (exit code unknown).'],
  [
    exit({ signal: 'SIGKILL', lastMemoryBytes: 31e9, totalMemoryBytes: 32e9 }),
    'The kernel of this notebook on lab-7 ended (killed by signal 9, probably out of memory: it used 31 GB of 32 GB).',
  ],
  [
    exit({ signal: 'SIGKILL', lastMemoryBytes: 1e9, totalMemoryBytes: 32e9 }),
    'The kernel of this notebook on lab-7 ended (killed by signal 9; it used 1.0 GB of 32 GB).',
  ],
  [exit({ signal: 'SIGTERM' }), 'The kernel of this notebook on lab-7 ended (killed by SIGTERM).'],
];

describe('the sentence for a kernel that ended', () => {
  for (const [how, message] of ends) {
    test(message, () => {
      assert.equal(describeKernelEnd('lab-7', how), message);
    });
  }
});

describe('a kernel that ended', () => {
  const exit = { code: 3, at: 5, output: 'the end' } as unknown as KernelExit;
  const ended = { kernelId: 'k', exit, wasBusy: false };

  test('is said to have, with what it printed and a fresh start', () => {
    assert.deepEqual(describeEndedKernel('lab-7', ended), {
      message: 'The kernel of this notebook on lab-7 ended (exit code 3).',
      remedies: [{ kind: 'restart' }, { kind: 'show-output', output: 'the end', kernelId: 'k' }],
    });
  });

  test('and of which nothing is known is spoken of only when it was running something', () => {
    const unknown = { ...ended, exit: undefined };
    assert.equal(describeEndedKernel('lab-7', unknown), undefined);
    assert.match(
      describeEndedKernel('lab-7', { ...unknown, wasBusy: true })?.message ?? '',
      /not there any more/,
    );
  });
});

describe('the remote folder', () => {
  for (const [path, home, shown] of [
    ['/home/ada/project', '/home/ada', '~/project'],
    ['/home/ada/', '/home/ada', '~'],
    ['/home/ada', '/home/ada/', '~'],
    ['/home/adam/x', '/home/ada', '/home/adam/x'],
    ['~/project', '/home/ada', '~/project'],
    ['/', '/root', '/'],
    ['/data', undefined, '/data'],
    ['/x', '/', '/x'],
    ['/home/ada/a\nb', '/home/ada', '~/a␤b'],
  ] as const) {
    test(`${JSON.stringify(path)} of ${home ?? 'an unknown home'} is shown as ${shown}`, () => {
      assert.equal(formatRemoteFolder(path, home), shown);
    });
  }

  test('is the one that is set, and on this machine the notebook’s own by default', () => {
    assert.deepEqual(
      [
        defaultFolderOf('~', '/work', false),
        defaultFolderOf('~', '/work', true),
        defaultFolderOf('~', undefined, true),
        defaultFolderOf('/data', '/work', true),
      ],
      ['~', '/work', '~', '/data'],
    );
  });

  test('is hinted at after errors of missing files alone', () => {
    assert.ok(isMissingFileError('FileNotFoundError') && isMissingFileError('NotADirectoryError'));
    assert.ok(!isMissingFileError('ValueError'));
    assert.match(remoteFolderHint('lab-7', '~/project', false), /lab-7:~\/project\. Files of this computer/);
    assert.doesNotMatch(remoteFolderHint('here', '~/project', true), /this computer/);
  });
});
