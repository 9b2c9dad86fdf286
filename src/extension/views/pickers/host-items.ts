import { t } from '@vscode/l10n';
import { escapeCodicons, toSingleLine } from '../../../base/text';
import type { HostFilter } from '../../editor/pickers';
import { isLost } from '../../hosts/host-state';
import type { Host, TypedHost } from '../../hosts/host';
import { isReconnectable } from '../lost';
import { sortHosts } from '../tree/host-order';
import { canSignOut, describeHost } from '../tree/host-row';
import { endpointWords, type Moment } from '../words';

/** One line of the list of hosts, as data. Lines of the same `id` are the same thing when the list is made again. */
export type HostItem =
  | { readonly kind: 'separator'; readonly id: string; readonly label: string }
  | {
      readonly kind: 'host';
      readonly id: string;
      readonly hostId: string;
      readonly icon: string;
      readonly label: string;
      readonly description: string;
      readonly detail?: string;
    }
  | {
      readonly kind: 'typed';
      readonly id: string;
      readonly text: string;
      readonly label: string;
      readonly description: string;
    }
  | { readonly kind: 'add'; readonly id: string; readonly label: string };

/**
 * The list that *Connect to Remote* shows: what was typed, this machine, what is on the network, saved hosts, those of the ssh configuration, and the
 * way to add one. Each host stands in one place.
 */
export function hostItems(
  hosts: readonly Host[],
  typed: { readonly text: string; readonly reading: TypedHost } | undefined,
  moment: Moment,
): readonly HostItem[] {
  const items: HostItem[] = [];
  if (typed !== undefined) items.push(...typedItems(typed.text, typed.reading, hosts));
  const sorted = sortHosts(hosts)
    .map((id) => hosts.find((host) => host.id === id))
    .filter((host): host is Host => host !== undefined);
  const sections = new Map<string, Host[]>();
  for (const host of sorted) {
    const section = sectionOf(host);
    sections.set(section, [...(sections.get(section) ?? []), host]);
  }
  for (const [section, title] of sectionTitles()) {
    const members = sections.get(section) ?? [];
    if (members.length === 0) continue;
    items.push({ kind: 'separator', id: `separator/${section}`, label: title });
    items.push(...members.map((host) => hostItem(host, moment)));
  }
  items.push({ kind: 'separator', id: 'separator/add', label: '' });
  items.push({ kind: 'add', id: 'add', label: t('Add Host…') });
  return items;
}

/** One host as a line of any list. */
export function hostItem(host: Host, moment: Moment): Extract<HostItem, { kind: 'host' }> {
  const address = host.endpoints.map(endpointWords).join(', ');
  return {
    kind: 'host',
    id: `host/${host.id}`,
    hostId: host.id,
    icon: host.state.kind === 'connected' ? 'vm-active' : iconOf(host),
    label: escapeCodicons(host.name),
    description: escapeCodicons(describeHost(host, moment)),
    ...(host.endpoints[0]?.kind === 'local'
      ? { detail: t('Needs no daemon and no sign-in') }
      : address === '' || address === host.name
        ? {}
        : { detail: escapeCodicons(toSingleLine(address, 120)) }),
  };
}

/** Whether a host passes a filter. */
export function passesFilter(host: Host, filter: HostFilter): boolean {
  const { kind } = host.state;
  const isLocal = host.endpoints[0]?.kind === 'local';
  switch (filter) {
    case 'any':
      return true;
    case 'connected':
      return kind === 'connected';
    case 'lost':
      return isLost(host.state) || kind === 'sign-in-needed' || kind === 'failed';
    case 'saved':
      return host.sources.has('saved') && !isLocal;
    case 'signed-in':
      return canSignOut(host);
    case 'disconnectable':
      return kind === 'connected' || kind === 'connecting' || isReconnectable(host.state);
    case 'key-changed':
      return kind === 'key-changed';
  }
}

type Section = 'machine' | 'network' | 'saved' | 'ssh';

function sectionOf(host: Host): Section {
  if (host.sources.has('this-machine')) return 'machine';
  if (host.isAnnounced) return 'network';
  return host.sources.has('saved') || !host.sources.has('ssh-configuration') ? 'saved' : 'ssh';
}

function sectionTitles(): readonly (readonly [Section, string])[] {
  return [
    ['machine', t('This machine')],
    ['network', t('On your network')],
    ['saved', t('Saved')],
    ['ssh', t('From your ssh configuration')],
  ];
}

/** A typed name that is the name of a listed host adds nothing: the filter finds that one. */
function typedItems(text: string, reading: TypedHost, hosts: readonly Host[]): readonly HostItem[] {
  const trimmed = text.trim();
  if (reading.kind === 'invalid' || trimmed === '') return [];
  if (hosts.some((host) => host.name.toLowerCase() === trimmed.toLowerCase())) return [];
  const description =
    reading.kind === 'ssh'
      ? 'SSH'
      : endpointWords({ kind: 'tls', hostname: reading.hostname, port: reading.port, origin: 'typed' });
  return [
    {
      kind: 'typed',
      id: 'typed',
      text: trimmed,
      label: escapeCodicons(t('Connect to {0}', toSingleLine(trimmed, 120))),
      description: escapeCodicons(description),
    },
  ];
}

function iconOf(host: Host): string {
  switch (host.state.kind) {
    case 'connected':
      return 'vm-active';
    case 'connecting':
    case 'waiting':
    case 'reconnecting':
      return 'vm-connect';
    case 'sign-in-needed':
      return 'key';
    case 'key-changed':
      return 'shield';
    case 'failed':
      return 'warning';
    case 'disconnected':
      return 'vm-outline';
  }
}
