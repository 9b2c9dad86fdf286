import type { AnnouncementOrder } from '../../../protocol/announcer';
import type { AnnouncedInterfaces, NetworkInterface } from '../../platform/network-interfaces';

/** Where a service is published, and which addresses are handed out there. */
export interface AvahiPlace {
  readonly interfaceName: string;
  readonly addresses: readonly string[];
}

/**
 * How Avahi is to announce something. `everywhere`: under the machine's own name, on the interfaces and with the addresses that Avahi itself
 * announces and follows. `places`: under a name of the daemon's own, since the machine's name has addresses at which nobody listens.
 */
export type AvahiPlan =
  | { readonly kind: 'everywhere' }
  | { readonly kind: 'places'; readonly hostLabel: string; readonly places: readonly AvahiPlace[] };

/**
 * Whether the daemon listens on every address: only then are whole interfaces listed, in both families. Then Avahi chooses where to announce, as it
 * does for the machine.
 */
export function isEverywhere({ interfaces, addresses, isIPv4Only }: AnnouncedInterfaces): boolean {
  return !isIPv4Only && addresses.every((address) => interfaces.includes(address));
}

/**
 * What an order means for Avahi with the interfaces as they are. A machine whose own name has no addresses on the network is found by a name of the
 * daemon's own.
 */
export function planEntries(
  order: AnnouncementOrder,
  present: readonly NetworkInterface[],
  isMachineAnnounced = true,
): AvahiPlan {
  const { interfaces, addresses, isIPv4Only, hostLabel } = order;
  if (isEverywhere(order) && isMachineAnnounced) return { kind: 'everywhere' };
  const places = present.flatMap(({ name, addresses: own }) => {
    if (!interfaces.includes(name)) return [];
    // As Avahi does: an address that is good on one link only is not told beside one that is good on all.
    const isOnWholeInterface = !isIPv4Only && addresses.includes(name);
    const hasOtherIPv6 = own.some(({ address, family }) => family === 6 && !isLinkLocal(address));
    const given = own.filter(
      ({ address, family }) =>
        !(isOnWholeInterface && hasOtherIPv6 && family === 6 && isLinkLocal(address)) &&
        (addresses.includes(name) || addresses.includes(withoutScope(address))) &&
        (family === 4 || !isIPv4Only),
    );
    return given.length === 0
      ? []
      : [{ interfaceName: name, addresses: given.map(({ address }) => withoutScope(address)) }];
  });
  return { kind: 'places', hostLabel, places };
}

/** Whether nothing of the announcement is to leave the machine. Avahi announces to networks, and not every version of it on loopback. */
export function isOnLoopbackOnly(
  { interfaces }: Pick<AnnouncedInterfaces, 'interfaces'>,
  present: readonly NetworkInterface[],
): boolean {
  return interfaces.every(
    (name) => present.find((candidate) => candidate.name === name)?.isLoopback === true,
  );
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

function withoutScope(address: string): string {
  return address.replace(/%.*$/, '').toLowerCase();
}
