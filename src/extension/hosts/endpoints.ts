import { stableId } from '../../protocol/identity';
import type { Endpoint } from '../transports/transport';

/** What makes two endpoints the same way to the same place. Where the address came from, and what its name resolves to, do not. */
export function endpointKey(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'local':
      return 'local';
    case 'tls':
      return `tls ${normalizeHostname(endpoint.hostname)} ${endpoint.port}`;
    case 'ssh':
      return `ssh ${endpoint.destination}`;
    case 'jupyterhub':
      return `jupyterhub ${endpoint.url.replace(/\/+$/, '')}`;
  }
}

function normalizeHostname(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}

/** Whether both are the same way to the same place. */
export function isSameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return endpointKey(one) === endpointKey(other);
}

/** The id of this machine in every installation. */
export const thisMachineId = 'this-machine';

/** The id of a host that is first known by this endpoint; `claim` tells announcements apart that name the same place. */
export function hostIdOf(endpoint: Endpoint, claim = ''): string {
  return endpoint.kind === 'local' ? thisMachineId : stableId('host', endpointKey(endpoint), claim);
}

/** The endpoints in order, each once. Of two that are the same the first is kept, with the addresses that the second knows. */
export function mergeEndpoints(...lists: readonly (readonly Endpoint[])[]): readonly Endpoint[] {
  const merged = new Map<string, Endpoint>();
  for (const endpoint of lists.flat()) {
    const key = endpointKey(endpoint);
    const known = merged.get(key);
    merged.set(key, known === undefined ? endpoint : withAddresses(known, endpoint));
  }
  return [...merged.values()];
}

/** What was announced last is the better guess, so its addresses come first. */
function withAddresses(known: Endpoint, found: Endpoint): Endpoint {
  if (known.kind !== 'tls' || found.kind !== 'tls') return known;
  const addresses = [...new Set([...(found.addresses ?? []), ...(known.addresses ?? [])])];
  return addresses.length === 0 ? known : { ...known, addresses: addresses.slice(0, maxAddresses) };
}

const maxAddresses = 8;
