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
