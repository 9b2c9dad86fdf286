import { isIPv4, isIPv6 } from 'node:net';

/**
 * The address at the other end of a connection: an IPv4 address that came mapped into IPv6 as itself, and a link-local one without its zone, which
 * names an interface of this machine and means nothing to rules about addresses. `undefined` when the connection has gone.
 */
export function addressOf(remoteAddress: string | undefined): string | undefined {
  const address = (remoteAddress ?? '').replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv4(address) || isIPv6(address) ? address : undefined;
}

/** Whom limits count for an IP address: itself for IPv4, and the network of 64 bits for IPv6, of which one household has all the addresses (RFC 6177). */
export function sourceOf(address: string): string {
  const plain = addressOf(address) ?? address;
  if (!isIPv6(plain)) return plain;
  return `${expandIPv6(plain).slice(0, 4).join(':')}::/64`;
}

/** Networks that a source is in, the widest first and itself last. */
export type NetworksOfSource = readonly [widest: string, wide: string, source: string];

/**
 * Who shares with a source of {@link sourceOf} where there has to be sharing: for IPv6 the networks of 48 and 56 bits, of which one household or site
 * has all the sources (RFC 6177); any other source is its own only network.
 */
export function networksOf(source: string): NetworksOfSource {
  const groups = /^([0-9a-f]{1,4}):([0-9a-f]{1,4}):([0-9a-f]{1,4}):([0-9a-f]{1,4})::\/64$/
    .exec(source)
    ?.slice(1);
  if (groups === undefined) return [source, source, source];
  const [first = '', second = '', third = '', fourth = ''] = groups;
  const site = `${first}:${second}:${third}`;
  const household = (Number.parseInt(fourth, 16) & 0xff00).toString(16);
  return [`${site}::/48`, `${site}:${household}::/56`, source];
}

/**
 * Of entries of many sources those in the most crowded place: in the widest network that has the most of them, there in the next narrower one, and there
 * of one source. Who holds a whole network so has no more room in it than who holds one address.
 */
export function mostCrowded<T>(entries: readonly T[], sourceOfEntry: (entry: T) => string): readonly T[] {
  let crowd = entries.map((entry) => ({ entry, networks: networksOf(sourceOfEntry(entry)) }));
  for (const width of [0, 1, 2] as const) {
    const counts = new Map<string, number>();
    for (const { networks } of crowd) counts.set(networks[width], (counts.get(networks[width]) ?? 0) + 1);
    const most = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0])[0];
    crowd = crowd.filter(({ networks }) => networks[width] === most);
  }
  return crowd.map(({ entry }) => entry);
}

/** The eight groups of an IPv6 address, without leading zeros. */
function expandIPv6(address: string): string[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain =
    dotted === null
      ? address
      : `${dotted[1] ?? ''}${group(dotted[2], dotted[3])}:${group(dotted[4], dotted[5])}`;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].map((text) => Number.parseInt(text, 16).toString(16));
}

function group(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
