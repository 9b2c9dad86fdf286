import { t } from '@vscode/l10n';
import { formatDuration, toSingleLine } from '../../base/text';
import { protocolVersion } from '../../protocol/version';
import { WireError, type WireErrorCode } from '../../protocol/errors';
import type { CommandTarget } from '../editor/command-target';
import { ConnectionError, type ConnectionErrorCode } from '../transports/transport';
import { commandIds, type CommandId } from './ids';

/**
 * Every sentence about something that went wrong, with what is offered. What happened and where comes first, then what to do; codes stay in the
 * log.
 */
export interface Problem {
  readonly severity: 'warning' | 'error';
  readonly message: string;
  readonly remedies: readonly Remedy[];
}

/** A button below a {@link Problem}. */
export type Remedy =
  | {
      readonly kind: 'command';
      readonly title: string;
      readonly command: CommandId;
      readonly target?: CommandTarget;
    }
  | { readonly kind: 'editor-command'; readonly title: string; readonly command: string }
  | { readonly kind: 'copy'; readonly title: string; readonly text: string }
  | { readonly kind: 'show-text'; readonly title: string; readonly name: string; readonly text: string };

/** What a problem is about, as far as it is known. */
export interface ProblemPlace {
  readonly host?: { readonly id: string; readonly name: string };
  readonly environmentName?: string;
  readonly environmentId?: string;
}

/** A command that cannot do what was asked, for a reason that is no error of anything. Thrown by commands, shown by who registered them. */
export class CommandProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
    this.name = 'CommandProblem';
  }
}

/** What to tell a person about whatever was thrown; `undefined` when there is nothing to tell, because they ended it themselves. */
export function describeProblem(error: unknown, place: ProblemPlace): Problem | undefined {
  if (error instanceof CommandProblem) return error.problem;
  if (error instanceof ConnectionError) return describeConnection(error, place);
  if (error instanceof WireError) return describeRefusal(error, place);
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return error.name === 'AbortError'
      ? undefined
      : errorOf(t('{0} did not answer in time.', hostName(place)), [reconnect(place), showLog()]);
  }
  if (error instanceof Error && 'code' in error && error.code === 'lost') {
    return errorOf(
      t('{0} is not connected at the moment. Its kernels go on; try again once it is back.', hostName(place)),
      [reconnect(place), showLog()],
    );
  }
  return errorOf(
    place.host === undefined
      ? t('Something went wrong that Remote Kernels has no words for.')
      : t('Something went wrong with {0} that Remote Kernels has no words for.', hostName(place)),
    [showLog()],
  );
}

/** Why a host is not connected, as one sentence. */
export function connectionSentence(error: ConnectionError, name: string): string {
  const host = toSingleLine(name, 80);
  const { address, userName, retryAfterMs, theirProtocol, hostWords } = error.facts;
  const place = address === undefined || address === host ? host : `${host} (${toSingleLine(address, 80)})`;
  const sentences: Record<ConnectionErrorCode, () => string> = {
    unreachable: () => t('{0} does not answer. Is the daemon running there?', place),
    'no-answer': () => t('{0} does not answer.', place),
    'name-not-found': () => t('No host named {0} was found on this network.', host),
    lost: () => t('The connection to {0} was lost.', host),
    'agent-unavailable': () =>
      hostWords === undefined
        ? t('Your agent on {0} could not be started or does not answer.', host)
        : t('{0} says: {1}', host, toSingleLine(hostWords, 400)),
    'too-many-attempts': () =>
      retryAfterMs === undefined
        ? t('{0} asks to wait before the next sign-in.', host)
        : t('{0} asks to wait {1} before the next sign-in.', host, waitingTime(retryAfterMs)),
    'not-a-daemon': () =>
      t(
        'Something answers at {0}, but it is not the daemon of Remote Kernels. Check the address and the port.',
        place,
      ),
    'key-unknown': () => t('The key of {0} was not compared yet.', host),
    'key-changed': () => t('{0} shows another key than the one you accepted. Nothing was sent to it.', host),
    'key-declined': () => t('The key of {0} was not accepted, so nothing was sent to it.', host),
    'sign-in-needed': () => t('{0} asks you to sign in.', host),
    refused: () =>
      userName === undefined || userName === ''
        ? t('{0} did not accept the sign-in.', host)
        : t('{0} did not accept the sign-in for {1}.', host, toSingleLine(userName, 80)),
    cancelled: () => t('Connecting to {0} was cancelled.', host),
    'host-older': () =>
      t(
        'The daemon on {0} ({1}) is older than this extension needs ({2}). Update it on the host: install the package of this version with npm and start it again.',
        host,
        theirProtocol ?? '?',
        protocolVersion,
      ),
    'host-newer': () =>
      t(
        'The daemon on {0} ({1}) is newer than this extension ({2}). Update the extension.',
        host,
        theirProtocol ?? '?',
        protocolVersion,
      ),
    'daemon-missing': () => t('There is no daemon on {0}.', host),
    'not-supported': () => t('This version of Remote Kernels cannot connect to {0} in this way.', place),
    internal: () => t('Connecting to {0} ended for a reason that only the log knows.', host),
  };
  return sentences[error.code]();
}

/** Rounded up, so that nobody who waits as long as they are told comes too early. */
function waitingTime(timeMs: number): string {
  const unitMs = timeMs > 60_000 ? 60_000 : 1000;
  return formatDuration(Math.ceil(timeMs / unitMs) * unitMs);
}

function describeConnection(error: ConnectionError, place: ProblemPlace): Problem | undefined {
  if (error.code === 'cancelled') return undefined;
  const retry = command(t('Retry'), commandIds.connect, place);
  const edit = command(t('Edit Host…'), commandIds.editHost, place);
  const remedies: Record<Exclude<ConnectionErrorCode, 'cancelled'>, readonly Remedy[]> = {
    unreachable: [retry, edit, showLog()],
    'no-answer': [retry, edit, showLog()],
    'name-not-found': [command(t('Discover Hosts'), commandIds.discoverHosts, {}), edit],
    lost: [reconnect(place), showLog()],
    'agent-unavailable': [retry, showLog()],
    'too-many-attempts': [retry],
    'not-a-daemon': [edit, showLog()],
    'key-unknown': [command(t('Connect'), commandIds.connect, place)],
    'key-changed': [command(t('Explain'), commandIds.replaceKey, place)],
    'key-declined': [retry],
    'sign-in-needed': [command(t('Sign In'), commandIds.connect, place)],
    refused: [retry],
    'host-older': [installGuide()],
    'host-newer': [],
    'daemon-missing': [installGuide()],
    'not-supported': [showLog()],
    internal: [retry, showLog()],
  };
  return errorOf(connectionSentence(error, place.host?.name ?? t('the host')), remedies[error.code]);
}

/** What the agent refused to do. */
function describeRefusal(error: WireError, place: ProblemPlace): Problem {
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

function hostName({ host }: ProblemPlace): string {
  return host === undefined ? t('the host') : toSingleLine(host.name, 80);
}

function errorOf(message: string, remedies: readonly Remedy[]): Problem {
  return { severity: 'error', message, remedies };
}

function command(title: string, id: CommandId, place: ProblemPlace): Remedy {
  const target: CommandTarget = {
    ...(place.host === undefined ? {} : { hostId: place.host.id }),
    ...(place.environmentId === undefined ? {} : { environmentId: place.environmentId }),
  };
  return { kind: 'command', title, command: id, target };
}

function hostOnly({ host }: ProblemPlace): ProblemPlace {
  return host === undefined ? {} : { host };
}

function reconnect(place: ProblemPlace): Remedy {
  return command(t('Reconnect'), commandIds.reconnect, hostOnly(place));
}

function showLog(): Remedy {
  return command(t('Show Log'), commandIds.showLog, {});
}

function installGuide(): Remedy {
  return { kind: 'editor-command', title: t('How to Install'), command: installGuideCommand };
}

/** A command of ours that is not listed: the walkthrough says how the daemon comes onto a host. */
export const installGuideCommand = 'workbench.action.openWalkthrough';
