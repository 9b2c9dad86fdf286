import type { CiaoService, Responder } from '@homebridge/ciao';
import { announcement } from '../../protocol/announcement';
import type { AnnouncementOrder } from '../../protocol/announcer';

/** An announcement by this process itself, for a machine without avahi-daemon. Made by {@link announceByOwnResponder}; `stop` says goodbye. */
export interface OwnAnnouncement {
  readonly name: string;
  stop(): Promise<void>;
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

async function advertise(
  responder: Responder,
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
    name,
    async stop() {
      isAdvertised = false;
      await responder.shutdown();
    },
  };
}

function createService(responder: Responder, order: AnnouncementOrder): CiaoService {
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
