import { t } from '@vscode/l10n';
import { toSingleLine } from '../../base/text';
import type { WireError, WireErrorCode } from '../../protocol/errors';
import { commandIds } from './ids';
import {
  command,
  errorOf,
  hostName,
  hostOnly,
  showLog,
  type Problem,
  type ProblemPlace,
  type Remedy,
} from './problem';

/** What the agent refused to do. */
export function describeRefusal(error: WireError, place: ProblemPlace): Problem {
  const host = hostName(place);
  const environment = toSingleLine(place.environmentName ?? t('this environment'), 80);
  const another = command(t('Choose Another'), commandIds.startKernel, hostOnly(place));
  const { detail } = error;
  const output: readonly Remedy[] =
    detail?.output === undefined || detail.output === ''
      ? []
      : [{ kind: 'show-text', title: t('Show Output'), name: `${environment} ${host}`, text: detail.output }];
  const sentences: Partial<Record<WireErrorCode, () => Problem>> = {
    'environments-list-only': () => listOnly(host),
    'kernel-package-missing': () =>
      errorOf(missingPackageWords(error, environment, host), [
        ...(detail?.installCommand === undefined
          ? []
          : [{ kind: 'copy', title: t('Copy Command'), text: detail.installCommand } as const]),
        another,
      ]),
    'kernel-start-failed': () =>
      errorOf(
        t(
          'The kernel in {0} on {1} did not start{2}.{3}',
          environment,
          host,
          endWords(error),
          lastLines(detail?.output),
        ),
        [...output, another],
      ),
    'kernel-start-timeout': () =>
      errorOf(
        t(
          'The kernel in {0} on {1} did not answer in time.{2}',
          environment,
          host,
          lastLines(detail?.output),
        ),
        [command(t('Retry'), commandIds.startKernel, place), ...output],
      ),
    'kernel-limit-reached': () =>
      errorOf(limitWords(detail?.limit, host), [
        command(t('Show My Kernels'), commandIds.attachKernel, hostOnly(place)),
      ]),
    'environment-not-found': () =>
      errorOf(t('The environment {0} is not on {1} any more.', environment, host), [another]),
    'environment-broken': () =>
      errorOf(
        t('The environment {0} on {1} is broken: {2}', environment, host, toSingleLine(error.message, 160)),
        [another],
      ),
    'kernelspec-not-found': () =>
      errorOf(t('The kernel {0} is not installed on {1} any more.', environment, host), [another]),
    'kernel-not-found': () => errorOf(t('This kernel is not running on {0} any more.', host), []),
    'kernel-dead': () =>
      errorOf(t('This kernel on {0} has ended. Restart it or start another one.', host), [another]),
    'folder-not-found': () => errorOf(t('This folder is not on {0} any more. Choose another one.', host), []),
    'storage-full': () =>
      errorOf(t('The disk on {0} is full. Free some space there and try again.', host), [showLog()]),
    'storage-read-only': () => errorOf(t('The home folder on {0} cannot be written to.', host), [showLog()]),
    'too-busy': () => errorOf(t('{0} is too busy at the moment. Try again in a little while.', host), []),
    unauthorized: () =>
      errorOf(t('{0} asks you to sign in.', host), [command(t('Sign In'), commandIds.connect, place)]),
  };
  const known = sentences[error.code];
  return known === undefined
    ? errorOf(t('{0} refused: {1}', host, toSingleLine(error.message, 200)), [showLog()])
    : known();
}

function missingPackageWords({ detail }: WireError, environment: string, host: string): string {
  return detail?.environments === 'list'
    ? t(
        'The environment {0} on {1} has no ipykernel, and the administrator of {1} allows only listing environments. Ask them to install it, or choose another one.',
        environment,
        host,
      )
    : t('The environment {0} on {1} has no ipykernel.', environment, host);
}

function limitWords(limit: number | undefined, host: string): string {
  if (limit === undefined) return t('{0} allows no more kernels for a person.', host);
  return limit === 1
    ? t('{0} allows 1 kernel for a person, and you have 1.', host)
    : t('{0} allows {1} kernels for a person, and you have {1}.', host, limit);
}

/** Changing environments is not this user's on this host. */
export function listOnly(host: string): Problem {
  return errorOf(
    t(
      'The administrator of {0} allows only listing environments. Ask them for a change.',
      toSingleLine(host, 80),
    ),
    [],
  );
}

function endWords({ detail }: WireError): string {
  if (detail?.exitCode !== undefined) return ` (${t('exit code {0}', detail.exitCode)})`;
  return detail?.signal === undefined ? '' : ` (${t('killed by {0}', detail.signal)})`;
}

/** The last lines of what a kernel printed; a notification has no line ends, so they are joined. */
function lastLines(output: string | undefined): string {
  if (output === undefined) return '';
  const last = output
    // eslint-disable-next-line no-control-regex -- control characters are what this expression is about
    .replace(/\u001b\[[\d;]*[A-Za-z]/g, '')
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join(' ');
  return last === '' ? '' : ` ${t('It said: {0}', toSingleLine(last.slice(-300), 300))}`;
}
