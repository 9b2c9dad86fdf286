import { t } from '@vscode/l10n';
import { toSingleLine } from '../../base/text';
import { isSamePin, parsePin, pinHint, type Pin } from '../../protocol/pin';
import type { Endpoint } from '../transports/transport';
import { endpointKey, hostIdOf, mergeEndpoints, thisMachineId } from './endpoints';
import type { HostSource, SavedHost } from './host';
import type { FoundHost } from './host-provider';

/** A key and a daemon of which an authenticated connection of the host said that they are its own. */
export interface HostEvidence {
  readonly daemonId: string;
  readonly pin: Pin;
}

/** A host as it is made of what is saved, found and proven. */
export interface HostDescription {
  readonly id: string;
  readonly name: string;
  readonly sources: ReadonlySet<HostSource>;
  /** Those of the host itself, the one to try first first. */
  readonly endpoints: readonly Endpoint[];
  /**
   * Endpoints that an announcement claims for this host. They are tried after the others and only with its pin; another key there says
   * nothing about the host.
   */
  readonly claimedEndpoints: readonly Endpoint[];
  readonly isAnnounced: boolean;
  readonly announcedAt?: number;
  readonly saved?: SavedHost;
}

/** Everything that the list of hosts is made of. */
export interface MergeInput {
  readonly hasThisMachine: boolean;
  readonly thisMachineName: string;
  readonly saved: readonly SavedHost[];
  readonly found: readonly FoundHost[];
  /** By host id. */
  readonly evidence: ReadonlyMap<string, HostEvidence>;
}

/**
 * Makes the list of hosts. What is found becomes part of a known host only when it is the same endpoint and does not claim another key, or when
 * it claims the daemon and the key that an authenticated connection of that host has reported; an id alone never merges. Everything else is a
 * host of its own, also under a name that is there already.
 */
export function mergeHosts(input: MergeInput): readonly HostDescription[] {
  const known = listKnown(input);
  const own = new Map<string, HostDescription>();
  for (const found of input.found) {
    // A saved host at this very place comes before another that only leads to the same daemon, as this machine may.
    const home =
      known.find((host) => isAtItsPlace(found, host, input.evidence.get(host.id))) ??
      known.find(({ id }) => isProven(found, input.evidence.get(id)));
    if (home === undefined) addOwn(own, found);
    else home.found.push(found);
  }
  const listed = [...known.map((host) => describeKnown(host)), ...own.values()];
  return [...new Map(listed.map((host) => [host.id, host])).values()];
}

interface Known {
  readonly id: string;
  readonly name: string;
  readonly saved: SavedHost | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly found: FoundHost[];
}

function listKnown({ hasThisMachine, thisMachineName, saved }: MergeInput): Known[] {
  const hosts: Known[] = saved
    .filter(({ id }) => id !== thisMachineId)
    .map((host) => ({ id: host.id, name: host.name, saved: host, endpoints: host.endpoints, found: [] }));
  if (!hasThisMachine) return hosts;
  const savedHere = saved.find(({ id }) => id === thisMachineId);
  return [
    {
      id: thisMachineId,
      name: thisMachineName,
      saved: savedHere,
      endpoints: [{ kind: 'local' }],
      found: [],
    },
    ...hosts,
  ];
}

/** Whether it is an endpoint of the host and does not claim another key. */
function isAtItsPlace(found: FoundHost, host: Known, evidence: HostEvidence | undefined): boolean {
  const { claimed } = found;
  const key = endpointKey(found.endpoint);
  if (!host.endpoints.some((endpoint) => endpointKey(endpoint) === key)) return false;
  const pin = acceptedPinOf(host.saved) ?? evidence?.pin;
  return claimed === undefined || pin === undefined || claimed.pinHint === pinHint(pin);
}

/** Whether it claims what an authenticated connection of the host has reported. */
function isProven({ claimed }: FoundHost, evidence: HostEvidence | undefined): boolean {
  if (claimed === undefined || evidence === undefined) return false;
  return claimed.daemonId === evidence.daemonId && claimed.pinHint === pinHint(evidence.pin);
}

/** The pin that a person accepted for a saved host. One that was only seen has no date. */
export function acceptedPinOf(saved: SavedHost | undefined): Pin | undefined {
  if (saved?.acceptedAt === undefined) return undefined;
  const pin = parsePin(saved.pin);
  return pin.ok ? pin.value : undefined;
}

function describeKnown({ id, name, saved, endpoints, found }: Known): HostDescription {
  const sources = new Set<HostSource>(found.map(({ source }) => source));
  if (id === thisMachineId) sources.add('this-machine');
  else sources.add('saved');
  const isOwn = (one: FoundHost) => endpoints.some((own) => endpointKey(own) === endpointKey(one.endpoint));
  const announced = found.filter(({ source }) => source === 'discovered');
  return {
    id,
    name: cleanName(name, endpoints[0]),
    sources,
    endpoints: withFreshAddresses(endpoints, found.filter(isOwn)),
    claimedEndpoints: mergeEndpoints(found.filter((one) => !isOwn(one)).map(({ endpoint }) => endpoint)),
    isAnnounced: announced.length > 0,
    ...latest(announced),
    ...(saved === undefined ? {} : { saved }),
  };
}

function withFreshAddresses(
  endpoints: readonly Endpoint[],
  found: readonly FoundHost[],
): readonly Endpoint[] {
  return mergeEndpoints(
    endpoints,
    found.map(({ endpoint }) => endpoint),
  );
}

/** A host that nothing but a provider knows. The same place with another claim is another host. */
function addOwn(own: Map<string, HostDescription>, found: FoundHost): void {
  const claim = found.claimed === undefined ? '' : `${found.claimed.daemonId} ${found.claimed.pinHint}`;
  const id = hostIdOf(found.endpoint, claim);
  const there = own.get(id);
  own.set(id, {
    id,
    name: there?.name ?? cleanName(found.name, found.endpoint),
    sources: new Set([...(there?.sources ?? []), found.source]),
    endpoints: mergeEndpoints(there?.endpoints ?? [], [found.endpoint]),
    claimedEndpoints: [],
    isAnnounced: found.source === 'discovered',
    ...latest([found]),
  });
}

function latest(found: readonly FoundHost[]): { announcedAt?: number } {
  const times = found.map(({ lastSeenAt }) => lastSeenAt).filter((time) => time !== undefined);
  return times.length === 0 ? {} : { announcedAt: Math.max(...times) };
}

const maxNameLength = 64;

/** A name from elsewhere, safe for one line; when nothing is left of it, the place. */
function cleanName(name: string, endpoint: Endpoint | undefined): string {
  const clean = toSingleLine(name, maxNameLength).trim();
  if (clean !== '') return clean;
  return endpoint?.kind === 'tls' ? toSingleLine(endpoint.hostname, maxNameLength) : t('unnamed host');
}

/** Whether the evidence says the same. */
export function isSameEvidence(one: HostEvidence | undefined, other: HostEvidence | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.daemonId === other.daemonId && isSamePin(one.pin, other.pin);
}
