import { t } from '@vscode/l10n';
import { formatDuration, toSingleLine } from '../../base/text';
import { protocolVersion } from '../../protocol/version';
import type { ConnectionError, ConnectionErrorCode } from '../transports/transport';
import { commandIds } from './ids';
import {
  command,
  errorOf,
  installGuide,
  reconnect,
  showLog,
  type Problem,
  type ProblemPlace,
  type Remedy,
} from './problem';

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

/** Why a host is not connected, and what to do; `undefined` when the person ended it. */
export function describeConnection(error: ConnectionError, place: ProblemPlace): Problem | undefined {
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
