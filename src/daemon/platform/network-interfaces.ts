import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** One network interface that is up, with its addresses without scope ids. */
export interface NetworkInterface {
  readonly name: string;
  readonly isLoopback: boolean;
  readonly addresses: readonly { readonly address: string; readonly family: 4 | 6 }[];
}

/** The interfaces of this machine as they are now. */
export function listNetworkInterfaces(): NetworkInterface[] {
  return Object.entries(networkInterfaces()).map(([name, found]) => ({
    name,
    isLoopback: (found ?? []).some((info) => info.internal),
    addresses: (found ?? []).map(({ address, family }) => ({ address, family: family === 'IPv4' ? 4 : 6 })),
  }));
}

/**
 * Interfaces of containers, virtual machines and tunnels, by the names that their programs give them: nobody on them browses for hosts, and what
 * they hand out is no address for others.
 */
const virtualName =
  /^(?:docker|br-|veth|virbr|vnet|vmnet|vboxnet|lxc|lxd|cni|cali|flannel|podman|tun|tap|utun|wg|ppp|zt|tailscale|ifb|dummy|awdl|llw|bridge\d)/;

/** Whether an interface belongs to containers, virtual machines or a tunnel. */
export function isVirtualInterface(name: string): boolean {
  return virtualName.test(name);
}

/** On which interfaces, and with which addresses, a daemon can be announced that listens on those hosts. */
export interface AnnouncedInterfaces {
  readonly interfaces: readonly string[];
  /** Names of interfaces of which all addresses are listened on, and single addresses of the others. */
  readonly addresses: readonly string[];
  readonly isIPv4Only: boolean;
}

/**
 * Chooses the interfaces: those with an address that is listened on, without virtual ones. Loopback is among them only when nothing but loopback
 * is listened on. `undefined` when there is none.
 */
export function chooseAnnouncedInterfaces(
  hosts: readonly string[],
  present: readonly NetworkInterface[],
): AnnouncedInterfaces | undefined {
  const all = { 4: hosts.includes('0.0.0.0'), 6: hosts.includes('::') };
  const named = new Set(hosts.filter((host) => isIP(host) !== 0).map(withoutScope));
  const heard = present
    .map((candidate) => ({
      ...candidate,
      heard: candidate.addresses.filter(
        ({ address, family }) => all[family] || named.has(withoutScope(address)),
      ),
    }))
    .filter((candidate) => candidate.heard.length > 0);
  const outer = heard.filter((candidate) => !candidate.isLoopback);
  const isOuterMeant = outer.length > 0 || all[4] || all[6];
  const chosen = isOuterMeant
    ? outer.filter((candidate) => !isVirtualInterface(candidate.name))
    : heard.filter((candidate) => candidate.isLoopback);
  if (chosen.length === 0) return undefined;
  const isIPv4Only = chosen.every((candidate) => candidate.heard.every(({ family }) => family === 4));
  return {
    interfaces: chosen.map((candidate) => candidate.name),
    addresses: chosen.flatMap((candidate) => {
      const isWhole = candidate.addresses.every(
        ({ family, address }) =>
          (isIPv4Only && family === 6) || candidate.heard.some((one) => one.address === address),
      );
      // A name follows changes of the interface's addresses, which a list of them does not.
      return isWhole && (all[4] || all[6]) ? [candidate.name] : candidate.heard.map(({ address }) => address);
    }),
    isIPv4Only,
  };
}

function withoutScope(address: string): string {
  return address.replace(/%.*$/, '').toLowerCase();
}
