import type { NetworkInterface } from '../../src/daemon/platform/network-interfaces';

/** A network interface of a test's machine, of that name and with these addresses; `lo` is its loopback. */
export function link(name: string, ...addresses: readonly string[]): NetworkInterface {
  return {
    name,
    isLoopback: name === 'lo',
    addresses: addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  };
}
