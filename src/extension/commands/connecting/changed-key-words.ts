import { t } from '@vscode/l10n';
import { toSingleLine } from '../../../base/text';
import type { Pin } from '../../../protocol/pin';
import type { Host } from '../../hosts/host';
import { fingerprintLines } from './fingerprint';

/** The sentence with its date, as far as it is known. */
export function changedKeySentence(name: string, acceptedAt: number | undefined, locale: string): string {
  return acceptedAt === undefined
    ? t(
        '{0} shows another key than the one you accepted. Someone may be in between, or the host was installed anew.',
        name,
      )
    : t(
        '{0} shows another key than the one you accepted on {1}. Someone may be in between, or the host was installed anew.',
        name,
        formatDay(acceptedAt, locale),
      );
}

/** Both fingerprints with their dates and where they come from, and how to see the right one. */
export function changedKeyDetail(host: Host, presented: Pin, since: number, locale: string): string {
  const endpoint = host.endpoints[0];
  const address = endpoint?.kind === 'tls' ? `${endpoint.hostname}:${endpoint.port}` : host.name;
  const parts: string[] = [];
  if (host.accepted !== undefined) {
    parts.push(
      t('Accepted on {0}:', formatDay(host.accepted.at, locale)),
      fingerprintLines(host.accepted.pin),
      '',
    );
  }
  parts.push(
    t('Shown on {0} by {1}:', formatMoment(since, locale), toSingleLine(address, 120)),
    fingerprintLines(presented),
    '',
    t('On the host: {0}', 'remote-kernels certificate show'),
  );
  return parts.join('\n');
}

function formatDay(timeMs: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' }).format(timeMs);
}

function formatMoment(timeMs: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  }).format(timeMs);
}
