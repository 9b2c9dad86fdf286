import { isIP } from 'node:net';
import * as v from 'valibot';
import { parserOf } from '../../../base/parse';
import { toSingleLine } from '../../../base/text';
import { parseAnnouncement } from '../../../protocol/announcement';
import type { Endpoint } from '../../transports/transport';
import type { FoundHost } from '../host-provider';

/** One announcement as the browsing library gives it, reduced to what is used. */
export interface AnnouncedService {
  readonly fqdn: string;
  /** The target of the SRV record. */
  readonly host: string;
  readonly port: number;
  readonly txt: unknown;
  readonly addresses: readonly string[];
  /** The interface on which it was heard, for link-local addresses. */
  readonly interfaceName: string;
}

/** What a responder may announce in all: more is noise or an attack. */
export const maxAnnouncements = 500;

/**
 * The host that an announcement claims. `undefined` for what is not one of ours: a TXT record that cannot be read, a port that is none, no name.
 * The endpoint's name is the SRV target, which stays when the address changes.
 */
export function readAnnouncedService(service: AnnouncedService, now: number): FoundHost | undefined {
  const text = parseAnnouncement(service.txt);
  const hostname = service.host.toLowerCase().replace(/\.$/, '');
  if (!text.ok || hostname === '' || hostname.length > 253 || toSingleLine(hostname, 253) !== hostname)
    return undefined;
  const { port } = service;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const endpoint: Endpoint = {
    kind: 'tls',
    hostname,
    port,
    origin: 'discovered',
    addresses: orderAddresses(service.addresses, service.interfaceName),
  };
  const { id, fp, v, name } = text.value;
  return {
    source: 'discovered',
    name,
    endpoint,
    claimed: { daemonId: id, pinHint: fp, protocol: v },
    lastSeenAt: now,
  };
}

/**
 * Addresses in the order in which to try them: IPv4 and routed IPv6 before link-local ones, which only work with the interface on which they
 * were announced.
 */
export function orderAddresses(addresses: readonly string[], interfaceName: string): readonly string[] {
  const valid = [...new Set(addresses)].filter((address) => isIP(address) !== 0);
  const scoped = valid.map((address) =>
    isLinkLocal6(address) && !address.includes('%') ? `${address}%${interfaceName}` : address,
  );
  return scoped.sort((one, other) => rank(one) - rank(other));
}

function rank(address: string): number {
  if (isLinkLocal6(address)) return 3;
  if (address.startsWith('169.254.')) return 2;
  return isIP(address) === 4 ? 0 : 1;
}

function isLinkLocal6(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

const goodbyeParser = parserOf(
  'goodbye',
  v.object({ type: v.literal('PTR'), name: v.string(), ttl: v.literal(0), data: v.string() }),
);
const packetParser = parserOf('mDNS packet', v.object({ answers: v.array(v.unknown()) }));

/** The names of the services of a type that a packet takes back: PTR records that live no longer (RFC 6762 §10.1). */
export function goodbyesIn(packet: unknown, serviceType: string): readonly string[] {
  const read = packetParser(packet);
  if (!read.ok) return [];
  const records = read.value.answers.map(goodbyeParser).filter((record) => record.ok);
  return records
    .map(({ value }) => value)
    .filter(({ name }) => name.toLowerCase() === serviceType)
    .map(({ data }) => data);
}

/** One key for one announcement as it stands: a spoof of the same name with other facts is another announcement. */
export function announcementKey({ endpoint, claimed }: FoundHost): string {
  const place = endpoint.kind === 'tls' ? `${endpoint.hostname}:${endpoint.port}` : endpoint.kind;
  return [place, claimed?.daemonId ?? '', claimed?.pinHint ?? ''].join(' ');
}

/** An announcement with what is remembered of it between hearings. */
export interface RememberedAnnouncement {
  readonly fqdn: string;
  readonly found: FoundHost;
  /** When each address was heard last: it may have been on another interface, or the host may have another address now. */
  readonly heardAt: ReadonlyMap<string, number>;
}

/** How long an address is kept that is not announced any more. */
const addressMemoryMs = 100_000;
const maxAddresses = 8;

/** An announcement heard again: the later one, with the addresses that were heard lately on any interface. */
export function rememberAnnounced(
  known: RememberedAnnouncement | undefined,
  found: FoundHost,
  fqdn: string,
): RememberedAnnouncement {
  const { endpoint, lastSeenAt: now = 0 } = found;
  if (endpoint.kind !== 'tls') return { fqdn, found, heardAt: new Map() };
  const recent = [...(known?.heardAt ?? [])].filter(([, time]) => now - time < addressMemoryMs);
  const heardAt = new Map(recent);
  for (const address of endpoint.addresses ?? []) heardAt.set(address, now);
  const addresses = [...heardAt.keys()].sort((one, other) => rank(one) - rank(other) || compare(one, other));
  const placed: Endpoint = { ...endpoint, addresses: addresses.slice(0, maxAddresses) };
  return { fqdn, found: { ...found, endpoint: placed }, heardAt };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
