import { t } from '@vscode/l10n';
import { formatDuration } from '../../base/text';
import type { Environment, EnvironmentKind } from '../../protocol/environments';
import type { KernelDetails } from '../../protocol/kernels';
import type { CertificateConcern } from '../transports/certificate-end';
import type { ConnectionErrorCode, ConnectStep, Endpoint } from '../transports/transport';

/** When and where something is described: the same model gives the same words, so that a test can pass its own. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A language tag such as `en`. */
  readonly locale: string;
  /** An IANA name; absent means that of this computer. */
  readonly timeZone?: string;
}

/** What is done while connecting, as the middle of a sentence. */
export function stepWords(step: ConnectStep): string {
  return {
    reaching: t('looking for it'),
    'checking-key': t('checking its key'),
    'signing-in': t('signing in'),
    'starting-agent': t('starting your agent'),
    'reading-environments': t('reading environments'),
  }[step];
}

/** Why a connection is not there, in two or three words for a row of the tree. */
export function shortReason(code: ConnectionErrorCode): string {
  return {
    unreachable: t('does not answer'),
    'name-not-found': t('not found'),
    'no-answer': t('does not answer'),
    lost: t('connection lost'),
    'agent-unavailable': t('no agent'),
    'too-many-attempts': t('asks to wait'),
    'not-a-daemon': t('no daemon there'),
    'key-unknown': t('key not checked'),
    'key-changed': t('key changed'),
    'key-declined': t('key not accepted'),
    'sign-in-needed': t('sign-in needed'),
    refused: t('sign-in refused'),
    cancelled: t('not connected'),
    'host-older': t('daemon too old'),
    'host-newer': t('extension too old'),
    'daemon-missing': t('no daemon'),
    'not-supported': t('not supported'),
    internal: t('something went wrong'),
  }[code];
}

/** How an endpoint is reached, as people write it. */
export function endpointWords(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'local':
      return t('this computer');
    case 'tls':
      return endpoint.hostname.includes(':')
        ? `[${endpoint.hostname}]:${endpoint.port}`
        : `${endpoint.hostname}:${endpoint.port}`;
    case 'ssh':
      return `SSH ${endpoint.destination}`;
    case 'jupyterhub':
      return endpoint.url;
  }
}

/** What made the environment. */
export function environmentKindWords(kind: EnvironmentKind): string {
  return kind === 'kernelspec' ? t('Jupyter kernel') : kind;
}

/** `Python 3.11.7`, or the language of a kernelspec. */
export function languageWords(environment: Environment): string {
  if (environment.pythonVersion !== undefined) return `Python ${environment.pythonVersion}`;
  if (environment.language === '' || environment.language === 'python') return 'Python';
  return environment.language;
}

/** The kernel's notebook, or the start of its id. */
export function kernelName(kernel: KernelDetails): string {
  const name = kernel.session?.name ?? '';
  return name === '' ? t('Kernel {0}', kernel.id.slice(0, 6)) : name;
}

/** How a kernel stands: `busy for 2 h`, `idle since 09:12`. */
export function kernelStateWords(kernel: KernelDetails, moment: Moment): string {
  const since = Date.parse(kernel.stateSince);
  switch (kernel.state) {
    case 'starting':
      return t('starting');
    case 'restarting':
      return t('restarting');
    case 'busy': {
      const timeMs = moment.now - since;
      return timeMs < 1000 ? t('busy') : t('busy for {0}', formatDuration(timeMs));
    }
    case 'idle':
      return t('idle since {0}', timeWords(since, moment));
    case 'dead':
      return t('ended ({0})', exitWords(kernel));
  }
}

function exitWords({ exit }: KernelDetails): string {
  if (exit?.signal !== undefined) return t('killed by {0}', exit.signal);
  return exit?.code === undefined ? t('exit code unknown') : t('exit code {0}', exit.code);
}

/** A time of today as `09:12`, otherwise with its day. */
export function timeWords(timeMs: number, { now, locale, timeZone }: Moment): string {
  if (Number.isNaN(timeMs)) return '?';
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = (value: number) => new Intl.DateTimeFormat('en-CA', { ...zone }).format(value);
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', ...zone }).format(
    timeMs,
  );
  if (day(timeMs) === day(now)) return time;
  return `${dayWords(timeMs, { now, locale, ...zone })} ${time}`;
}

/** `today`, `yesterday`, `3 March`. */
export function dayWords(timeMs: number, { now, locale, timeZone }: Moment): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = (value: number) => new Intl.DateTimeFormat('en-CA', { ...zone }).format(value);
  if (day(timeMs) === day(now)) return t('today');
  if (day(timeMs) === day(now - 86_400_000)) return t('yesterday');
  const isThisYear = day(timeMs).slice(0, 4) === day(now).slice(0, 4);
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    ...(isThisYear ? {} : { year: 'numeric' }),
    ...zone,
  }).format(timeMs);
}

/** What there is to say about the end of a host's certificate. */
export function certificateWords(
  { hasEnded, endsAt, keepsPeopleOut }: CertificateConcern,
  hostName: string,
  moment: Moment,
): string {
  const date = dateWords(endsAt, moment);
  if (hasEnded && keepsPeopleOut)
    return t(
      'The certificate of {0} ended on {1}; its administrator can renew it. Without that you are asked about its key at the next connection.',
      hostName,
      date,
    );
  if (hasEnded)
    return t(
      'The certificate of {0} ended on {1}; its administrator can renew it. You have accepted its key, so you can connect all the same.',
      hostName,
      date,
    );
  return keepsPeopleOut
    ? t(
        'The certificate of {0} ends on {1}; its administrator can renew it. Without that you cannot connect any more as before.',
        hostName,
        date,
      )
    : t('The certificate of {0} ends on {1}; its administrator can renew it.', hostName, date);
}

/** `3 March 2026`. */
function dateWords(timeMs: number, { locale, timeZone }: Moment): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const format = { day: 'numeric', month: 'long', year: 'numeric', ...zone } as const;
  return new Intl.DateTimeFormat(locale, format).format(timeMs);
}

/** The seconds until then, rounded up; a countdown ends at 1. */
export function secondsUntil(timeMs: number, now: number): number {
  return Math.max(1, Math.ceil((timeMs - now) / 1000));
}

/** `1 kernel`, `2 kernels`. */
export function countKernels(count: number): string {
  return count === 1 ? t('1 kernel') : t('{0} kernels', count);
}

/** `1 environment`, `14 environments`. */
export function countEnvironments(count: number): string {
  return count === 1 ? t('1 environment') : t('{0} environments', count);
}
