import type { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates, type TLSSocket } from 'node:tls';
import { withDeadline } from '../../../base/time';
import { pinOf, type Pin } from '../../../protocol/pin';
import { mostTelling, toConnectionError } from '../connection-errors';
import { ConnectionError } from '../transport';
import { firstToSucceed, interleave, resolveAddresses } from './addresses';

/** How long one address may take from the first packet to the end of the handshake. */
export const attemptTimeoutMs = 10_000;

/** A place that listens with TLS. */
export interface TlsPlace {
  readonly hostname: string;
  readonly port: number;
  /** Tried before the name is resolved. */
  readonly addresses: readonly string[];
  /** Whether the name is not resolved: the addresses are all there is. */
  readonly isAddressKnown?: boolean;
  /** Certificates (PEM) trusted beside those of the system. */
  readonly certificateAuthorities: readonly string[];
}

/** What the other end proved in its handshake. */
export interface PresentedKey {
  readonly pin: Pin;
  /** Whether a trusted authority vouches for this key and the hostname. */
  readonly isTrustedByAuthority: boolean;
  /** When the certificate ends, in milliseconds since the epoch. Its end is no reason to refuse a key that was accepted. */
  readonly certificateEndsAt: number;
  readonly isSelfSigned: boolean;
  /** The address that answered, without the port. */
  readonly address: string;
}

/** Decides about a key before a byte is written: the reason to refuse it, or `undefined`. */
export type KeyJudge = (presented: PresentedKey) => ConnectionError | undefined;

/**
 * Opens a TLS socket to the first address whose key the judge accepts. This is the only place where the extension opens TLS, for requests and
 * WebSockets alike: the judge decides in `secureConnect`, before anything of ours is written, and a refused socket is destroyed without a byte
 * of application data. Certificates are not validated by Node, because the pin decides; sessions are neither offered nor accepted, because a
 * resumed handshake does not show the key. Rejects with a {@link ConnectionError}.
 */
export async function openPinnedSocket(
  place: TlsPlace,
  judge: KeyJudge,
  signal: AbortSignal,
): Promise<{ readonly socket: TLSSocket; readonly presented: PresentedKey }> {
  const failures: ConnectionError[] = [];
  const tryAddresses = async (addresses: readonly string[]) => {
    try {
      return await firstToSucceed(
        addresses,
        (address, attemptSignal) => attempt(place, address, judge, attemptSignal),
        ({ socket }) => socket.destroy(),
        signal,
      );
    } catch (error) {
      const causes: unknown[] = error instanceof AggregateError ? error.errors : [error];
      failures.push(...causes.map((cause) => toConnectionError(cause, { address: show(place) }, signal)));
      return undefined;
    }
  };
  const hinted = place.addresses.length === 0 ? undefined : await tryAddresses(interleave(place.addresses));
  if (hinted !== undefined) return hinted;
  if (place.isAddressKnown === true) throw report(place, failures);
  const resolved = await resolve(place, signal, failures);
  const found = await tryAddresses(resolved.filter((address) => !place.addresses.includes(address)));
  if (found !== undefined) return found;
  throw report(place, failures);
}

function report(place: TlsPlace, failures: readonly ConnectionError[]): ConnectionError {
  return mostTelling(failures) ?? new ConnectionError('unreachable', 'no address', { address: show(place) });
}

async function resolve(
  place: TlsPlace,
  signal: AbortSignal,
  failures: ConnectionError[],
): Promise<readonly string[]> {
  try {
    const deadline = withDeadline(attemptTimeoutMs, `looking up ${place.hostname}`, signal);
    return await resolveAddresses(place.hostname, deadline);
  } catch (error) {
    failures.push(toConnectionError(error, { address: show(place) }, signal));
    return [];
  }
}

/** One address: connects, shakes hands, judges. */
function attempt(
  place: TlsPlace,
  address: string,
  judge: KeyJudge,
  outer: AbortSignal,
): Promise<{ socket: TLSSocket; presented: PresentedKey }> {
  const shown = formatAddress(address, place.port);
  const signal = withDeadline(attemptTimeoutMs, shown, outer);
  return new Promise((resolvePromise, reject) => {
    const tcp = connectTcp({ host: address, port: place.port, autoSelectFamily: false });
    let current: Socket = tcp;
    const fail = (error: unknown) => {
      signal.removeEventListener('abort', onAbort);
      current.destroy();
      reject(toConnectionError(error, { address: shown }, outer));
    };
    const onAbort = () => fail(signal.reason);
    const onClose = () =>
      fail(new ConnectionError('no-answer', 'closed before the handshake ended', { address: shown }));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
      return;
    }
    tcp.on('error', fail);
    tcp.once('connect', () => {
      tcp.setNoDelay(true);
      const tls = connectTls({ ...tlsSettings(place), socket: tcp });
      current = tls;
      tls.on('error', fail);
      tls.once('close', onClose);
      tls.once('secureConnect', () => {
        const verdict = judgeHandshake(tls, place.hostname, address, judge);
        if (verdict instanceof ConnectionError) {
          fail(withAddress(verdict, shown));
          return;
        }
        signal.removeEventListener('abort', onAbort);
        tls.off('close', onClose);
        tls.off('error', fail);
        // Who takes the socket listens for its errors; until then an error must not end the process.
        tls.on('error', () => tls.destroy());
        resolvePromise({ socket: tls, presented: verdict });
      });
    });
  });
}

/** The settings of every TLS socket of ours. */
export function tlsSettings(place: Pick<TlsPlace, 'hostname' | 'certificateAuthorities'>) {
  const authorities = place.certificateAuthorities;
  return {
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    session: undefined,
    // The name is checked in `judgeHandshake`; Node would check another one where the host is an address.
    checkServerIdentity: () => undefined,
    ...(canBeIndicated(place.hostname) ? { servername: place.hostname } : {}),
    ...(authorities.length === 0 ? {} : { ca: [...rootCertificates, ...authorities] }),
  } as const;
}

/** Names in a server name indication are those of DNS (RFC 6066 §3): no addresses, no spaces. */
function canBeIndicated(hostname: string): boolean {
  return isIP(hostname) === 0 && /^[A-Za-z0-9._-]+$/.test(hostname);
}

/** Reads the key of a finished handshake and asks the judge. Gives the reason to refuse, or what was presented. */
export function judgeHandshake(
  tls: TLSSocket,
  hostname: string,
  address: string,
  judge: KeyJudge,
): ConnectionError | PresentedKey {
  if (tls.isSessionReused()) return new ConnectionError('not-a-daemon', 'the session was resumed');
  const certificate = tls.getPeerX509Certificate();
  if (certificate === undefined) return new ConnectionError('not-a-daemon', 'no certificate was shown');
  const presented: PresentedKey = {
    pin: pinOf(certificate.publicKey),
    isTrustedByAuthority: tls.authorized && isCertificateOf(certificate, hostname),
    certificateEndsAt: Date.parse(certificate.validTo),
    isSelfSigned: certificate.checkIssued(certificate),
    address,
  };
  return judge(presented) ?? presented;
}

/**
 * Whether the certificate names the host, by its alternative names only (RFC 9525 §6.3). `getPeerCertificate` cannot be asked here: after
 * `getPeerX509Certificate` it gives an empty object.
 */
function isCertificateOf(certificate: X509Certificate, hostname: string): boolean {
  return isIP(hostname) === 0
    ? certificate.checkHost(hostname, { subject: 'never' }) !== undefined
    : certificate.checkIP(hostname) !== undefined;
}

function withAddress(error: ConnectionError, address: string): ConnectionError {
  return new ConnectionError(error.code, error.message, { ...error.facts, address });
}

function show(place: TlsPlace): string {
  return formatAddress(place.hostname, place.port);
}

/** `name:port`, with brackets around an IPv6 address. */
export function formatAddress(hostname: string, port: number): string {
  return isIP(hostname) === 6 ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
