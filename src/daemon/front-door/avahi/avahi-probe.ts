import { toError } from '../../../base/errors';
import { AvahiServer } from './avahi-server';
import { isAvahiRunning } from './avahi-socket';
import { findAvahi } from './avahi-watch';
import type { DBusConnection } from './d-bus-connection';

/** Whether avahi-daemon would announce for this user. */
export type AvahiUse =
  | { readonly kind: 'usable' }
  | { readonly kind: 'not-running' }
  /** It runs, and does not do what it is asked. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It runs and cannot be asked. */
  | { readonly kind: 'unreachable'; readonly why: string };

/** Looks whether avahi-daemon would announce, without announcing anything. */
export async function probeAvahi(
  places: {
    readonly connect: (signal: AbortSignal) => Promise<DBusConnection>;
    readonly avahiSocket: string;
  },
  signal: AbortSignal,
): Promise<AvahiUse> {
  let bus: DBusConnection;
  try {
    bus = await places.connect(signal);
  } catch (error) {
    return whenNotFound(places.avahiSocket, toError(error).message);
  }
  try {
    const owner = await findAvahi(bus, signal);
    if (owner === undefined) return await whenNotFound(places.avahiSocket, 'it is not on D-Bus');
    // An empty group says nothing to the network, and ends with the connection.
    await new AvahiServer(bus, owner).newGroup(signal);
    return { kind: 'usable' };
  } catch (error) {
    return { kind: 'refused', why: toError(error).message };
  } finally {
    bus.dispose();
  }
}

async function whenNotFound(avahiSocket: string, why: string): Promise<AvahiUse> {
  return (await isAvahiRunning(avahiSocket)) ? { kind: 'unreachable', why } : { kind: 'not-running' };
}
