import { isIPv6, SocketAddress } from 'node:net';

/** Where to listen. */
export interface ListenAddress {
  /** An IP address, `0.0.0.0` or `::` for all of a family. */
  readonly host: string;
  /** Whether it may be left out where the machine has no such address: `::1` where IPv6 is switched off. */
  readonly isOptional: boolean;
}

/** A socket that listens. */
export interface BoundAddress {
  readonly host: string;
  readonly port: number;
}

/** How to come from the sockets that listen to those that are wanted, so that as little as possible is closed before the others are there. */
export interface ListenPlan<T extends BoundAddress> {
  /** These are wanted as they are. */
  readonly stay: readonly T[];
  /** To be opened first, while all the others still listen. */
  readonly beside: readonly ListenAddress[];
  /** Not wanted, and the system does not give their places to `instead` as long as they listen: closed before those are opened. */
  readonly inTheWay: readonly T[];
  readonly instead: readonly ListenAddress[];
  /** Not wanted and in nobody's way: closed once all that is wanted listens. */
  readonly last: readonly T[];
}

/**
 * Plans it. An address that is wanted beside the one for all of its family is left out, since that one covers it. A port 0 is one that none of the
 * present has.
 */
export function planListeners<T extends BoundAddress>(
  present: readonly T[],
  wanted: readonly ListenAddress[],
  port: number,
): ListenPlan<T> {
  const all = wanted.filter(
    ({ host }, index) =>
      !wanted.some(
        (other, otherIndex) =>
          otherIndex !== index &&
          covers(other.host, host) &&
          (otherIndex < index || !covers(host, other.host)),
      ),
  );
  const isSame = (one: BoundAddress, { host }: ListenAddress) =>
    one.port === port && isSameAddress(one.host, host);
  const coming = all.filter((address) => !present.some((one) => isSame(one, address)));
  const going = present.filter((one) => !all.some((address) => isSame(one, address)));
  const excludes = (one: BoundAddress, { host }: ListenAddress) =>
    one.port === port && (covers(one.host, host) || covers(host, one.host));
  const inTheWay = going.filter((one) => coming.some((address) => excludes(one, address)));
  return {
    stay: present.filter((one) => !going.includes(one)),
    beside: coming.filter((address) => !inTheWay.some((one) => excludes(one, address))),
    inTheWay,
    instead: coming.filter((address) => inTheWay.some((one) => excludes(one, address))),
    last: going.filter((one) => !inTheWay.includes(one)),
  };
}

/** Whether two spellings mean one address. */
export function isSameAddress(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

/** Whether who listens on the one address hears all that comes for the other. The families are apart: each IPv6 socket is for IPv6 only. */
function covers(one: string, other: string): boolean {
  if (isIPv6(one) !== isIPv6(other)) return false;
  const [first, second] = [canonical(one), canonical(other)];
  return first === second || first === '0.0.0.0' || first === '::';
}

/** IPv6 has many spellings of one address. The zone is a part of it: `fe80::1` is another place on each interface. */
function canonical(host: string): string {
  const [plain = '', zone] = host.split('%');
  const { address } = new SocketAddress({ address: plain, family: isIPv6(plain) ? 'ipv6' : 'ipv4' });
  return zone === undefined ? address : `${address}%${zone}`;
}
