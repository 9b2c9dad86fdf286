import type { ServiceOptions } from '@homebridge/ciao';
import { announcement } from '../../protocol/announcement';
import type { AnnouncementOrder } from '../../protocol/announcer';

/** An announcement by this process itself, for a machine without avahi-daemon. Made by {@link announceByOwnResponder}; `stop` says goodbye. */
export interface OwnAnnouncement {
  /** The name as it is now: it changes when somebody contradicts it later. */
  readonly name: string;
  stop(): Promise<void>;
}

type Listening<E extends string> = (event: E, listener: (name: string) => void) => unknown;

/** The part of the library's service that an announcement needs. */
export interface AdvertisedService {
  readonly on: Listening<'name-change'> & Listening<'hostname-change'>;
  advertise(): Promise<void>;
}

/** The part of the library's responder that an announcement needs. */
export interface AdvertisingResponder {
  createService(options: ServiceOptions): AdvertisedService;
  shutdown(): Promise<void>;
}

/**
 * Announces by a responder of this process. Resolves when nobody contradicted the name; `onRenamed` tells when somebody does so later. The library
 * is loaded only here, and may end the process as it likes.
 */
export async function announceByOwnResponder(
  order: AnnouncementOrder,
  onRenamed: (name: string) => void,
): Promise<OwnAnnouncement> {
  const { getResponder } = await import(/* webpackMode: "eager" */ '@homebridge/ciao');
  const responder = getResponder({ interface: [...order.interfaces] });
  try {
    return await advertise(responder, order, onRenamed);
  } catch (error) {
    await responder.shutdown();
    throw error;
  }
}

/** Announces by that responder, as {@link announceByOwnResponder} does by one that it makes. When it rejects the caller shuts the responder down. */
export async function advertise(
  responder: AdvertisingResponder,
  order: AnnouncementOrder,
  onRenamed: (name: string) => void,
): Promise<OwnAnnouncement> {
  const service = createService(responder, order);
  let name = order.name;
  let isAdvertised = false;
  service.on('name-change', (changed) => {
    name = changed;
    if (isAdvertised) onRenamed(changed);
  });
  // The library insists on a listener; the SRV record carries whatever name it found.
  service.on('hostname-change', () => undefined);
  await service.advertise();
  isAdvertised = true;
  return {
    get name() {
      return name;
    },
    async stop() {
      isAdvertised = false;
      await responder.shutdown();
    },
  };
}

function createService(responder: AdvertisingResponder, order: AnnouncementOrder): AdvertisedService {
  return responder.createService({
    name: order.name,
    type: announcement.type,
    port: order.port,
    hostname: order.hostLabel,
    txt: order.text,
    restrictedAddresses: [...order.addresses],
    disabledIpv6: order.isIPv4Only,
  });
}
