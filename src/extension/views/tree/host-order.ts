import type { Host } from '../../hosts/host';

/** At most one change of order in this time, so that nothing moves under the pointer. */
export const orderIntervalMs = 5000;

/** An order of ids that is on the screen. */
export interface ShownOrder {
  readonly ids: readonly string[];
  /** When rows that were there changed places; milliseconds since the epoch. */
  readonly changedAt: number;
  /** When the order that is due can be shown; absent when what is shown is in order. */
  readonly recheckAt?: number;
}

/** Connected, connecting, trouble, discovered, saved; by name inside. */
export function sortHosts(hosts: readonly Host[]): readonly string[] {
  return [...hosts]
    .sort(
      (one, other) =>
        rankOf(one) - rankOf(other) ||
        one.name.localeCompare(other.name, undefined, { numeric: true, sensitivity: 'base' }) ||
        (one.id < other.id ? -1 : 1),
    )
    .map((host) => host.id);
}

function rankOf(host: Host): number {
  switch (host.state.kind) {
    case 'connected':
      return 0;
    case 'connecting':
      return 1;
    case 'waiting':
    case 'reconnecting':
    case 'sign-in-needed':
    case 'key-changed':
    case 'failed':
      return 2;
    case 'disconnected':
      return host.isAnnounced ? 3 : 4;
  }
}

/**
 * The order to show: the wanted one when the last change is long enough ago. Until then rows that are there keep their places among each other,
 * those that went are left out, and others come at the end.
 */
export function nextOrder(shown: ShownOrder, wanted: readonly string[], now: number): ShownOrder {
  const wantedIds = new Set(wanted);
  const shownIds = new Set(shown.ids);
  const kept = shown.ids.filter((id) => wantedIds.has(id));
  const held = [...kept, ...wanted.filter((id) => !shownIds.has(id))];
  if (held.every((id, index) => id === wanted[index])) return { ids: wanted, changedAt: shown.changedAt };
  const dueAt = shown.changedAt + orderIntervalMs;
  if (now >= dueAt) return { ids: wanted, changedAt: now };
  return { ids: held, changedAt: shown.changedAt, recheckAt: dueAt };
}
