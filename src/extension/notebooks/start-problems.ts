import { t } from '@vscode/l10n';
import { formatBytes, toSingleLine } from '../../base/text';
import { WireError } from '../../protocol/errors';
import type { KernelExit } from '../../protocol/kernels';
import { reasonWords } from './verb-problems';

/** What can be offered after a problem with a kernel. */
export type KernelRemedy =
  | { readonly kind: 'copy-command'; readonly command: string }
  | { readonly kind: 'choose-another' }
  /** `kernelId` is set when the host may still tell more than `output`, the end of it. */
  | { readonly kind: 'show-output'; readonly output: string; readonly kernelId?: string }
  | { readonly kind: 'restart' }
  | { readonly kind: 'keep-waiting' }
  | { readonly kind: 'show-kernels' }
  | { readonly kind: 'choose-folder' }
  | { readonly kind: 'retry' }
  | { readonly kind: 'show-log' };

/** A sentence and what to offer with it. */
export interface KernelProblem {
  /** Default: `error`. */
  readonly severity?: 'information' | 'warning' | 'error';
  readonly message: string;
  readonly remedies: readonly KernelRemedy[];
}

/** So much of what a kernel printed stands in a notification; the rest is behind *Show Output*. */
const maxQuotedLength = 300;

/** Why no kernel started, for a person. */
export function describeStartFailure(
  error: unknown,
  where: { readonly environmentName: string; readonly hostName: string },
): KernelProblem {
  const name = toSingleLine(where.environmentName, 80);
  const host = toSingleLine(where.hostName, 80);
  if (!(error instanceof WireError)) return describeOther(error, name, host);
  const output = error.detail?.output ?? '';
  switch (error.code) {
    case 'kernel-package-missing':
      return {
        message:
          error.detail?.environments === 'list'
            ? t(
                'The environment {0} on {1} has no ipykernel, and the administrator of {1} allows only listing environments. Ask them to install it, or choose another one.',
                name,
                host,
              )
            : t('The environment {0} on {1} has no ipykernel.', name, host),
        remedies: [
          ...(error.detail?.installCommand === undefined
            ? []
            : [{ kind: 'copy-command', command: error.detail.installCommand } as const]),
          { kind: 'choose-another' },
        ],
      };
    case 'kernel-start-failed':
      return {
        message: t(
          'The kernel in {0} on {1} did not start{2}.{3}',
          name,
          host,
          howItEnded(error),
          quote(output),
        ),
        remedies: [{ kind: 'show-output', output }, { kind: 'choose-another' }],
      };
    case 'kernel-start-timeout':
      return {
        message: t('The kernel in {0} on {1} did not answer in time.{2}', name, host, quote(output)),
        remedies: [{ kind: 'retry' }, { kind: 'show-output', output }],
      };
    case 'kernel-limit-reached':
      return { message: limitWords(error.detail?.limit, host), remedies: [{ kind: 'show-kernels' }] };
    case 'environment-not-found':
      return {
        message: t('The environment {0} is not on {1} any more. Choose another one.', name, host),
        remedies: [{ kind: 'choose-another' }],
      };
    case 'environment-broken':
      return {
        message: t('The environment {0} on {1} is broken: {2}', name, host, toSingleLine(error.message, 160)),
        remedies: [{ kind: 'choose-another' }],
      };
    case 'folder-not-found':
      return {
        message: t('The remote folder of this notebook is not on {0}. Choose another one.', host),
        remedies: [{ kind: 'choose-folder' }],
      };
    case 'storage-full':
      return {
        message: t(
          'The disk on {0} is full, so that no kernel can be started there. Free some space and run the cell again.',
          host,
        ),
        remedies: [{ kind: 'retry' }],
      };
    case 'storage-read-only':
      return {
        message: t(
          'The home folder on {0} cannot be written to, so that no kernel can be started there.',
          host,
        ),
        remedies: [{ kind: 'show-log' }],
      };
    default:
      return describeOther(error, name, host);
  }
}

/** How a kernel that ran has ended, for a person. `details` are the host's; none when it no longer knows the kernel. */
export function describeKernelEnd(hostName: string, exit: KernelExit | undefined): string {
  const host = toSingleLine(hostName, 80);
  if (exit === undefined) return t('The kernel of this notebook on {0} is not there any more.', host);
  return t('The kernel of this notebook on {0} ended ({1}).', host, reasonOf(exit));
}

/**
 * What to say of a kernel that ended, and what to offer. `undefined` for one that is just not there any more and was doing nothing: the next
 * cell starts another.
 */
export function describeEndedKernel(
  hostName: string,
  ended: { readonly kernelId: string; readonly exit: KernelExit | undefined; readonly wasBusy: boolean },
): KernelProblem | undefined {
  const { kernelId, exit, wasBusy } = ended;
  if (exit === undefined && !wasBusy) return undefined;
  return {
    message: describeKernelEnd(hostName, exit),
    remedies: [{ kind: 'restart' }, { kind: 'show-output', output: exit?.output ?? '', kernelId }],
  };
}

function reasonOf(exit: KernelExit): string {
  if (exit.signal === undefined)
    return exit.code === undefined ? t('exit code unknown') : t('exit code {0}', exit.code);
  const named = t('killed by {0}', signalName(exit.signal));
  const { lastMemoryBytes: used, totalMemoryBytes: total } = exit;
  if (exit.signal !== 'SIGKILL' || used === undefined || total === undefined) return named;
  const sizes = t('it used {0} of {1}', formatBytes(used), formatBytes(total));
  return used > total * 0.5
    ? t('{0}, probably out of memory: {1}', named, sizes)
    : t('{0}; {1}', named, sizes);
}

function limitWords(limit: number | undefined, host: string): string {
  if (limit === undefined) return t('{0} allows no more kernels for a person.', host);
  return limit === 1
    ? t('{0} allows 1 kernel for a person, and you have 1.', host)
    : t('{0} allows {1} kernels for a person, and you have {1}.', host, limit);
}

/** People know the one that the system sends when memory runs out by its number. */
function signalName(signal: string): string {
  if (signal === 'SIGKILL') return t('signal 9');
  if (signal === 'SIGSEGV') return t('signal 11, a crash in compiled code');
  return toSingleLine(signal, 20);
}

function howItEnded(error: WireError): string {
  if (error.detail?.exitCode !== undefined) return ` (${t('exit code {0}', error.detail.exitCode)})`;
  return error.detail?.signal === undefined ? '' : ` (${signalName(error.detail.signal)})`;
}

function describeOther(error: unknown, name: string, host: string): KernelProblem {
  return {
    message: t('No kernel could be started in {0} on {1}: {2}', name, host, reasonWords(error, host)),
    remedies: [{ kind: 'retry' }, { kind: 'show-log' }],
  };
}

/** The last lines of an output; a notification has no line ends, so they are joined. */
function quote(output: string): string {
  const lines = output
    // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
    .replace(/\u001b\[[\d;]*[A-Za-z]/g, '')
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const last = lines.slice(-3).join(' ');
  if (last === '') return '';
  const text = last.length > maxQuotedLength ? `…${last.slice(-maxQuotedLength)}` : last;
  return ` ${t('It said: {0}', toSingleLine(text, maxQuotedLength + 1))}`;
}
