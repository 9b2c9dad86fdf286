import type { EventEmitter } from 'node:events';
import { Bonjour, Browser, type Service } from 'bonjour-service';
import type { Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import type { Clock } from '../../../base/time';
import { announcement } from '../../../protocol/announcement';
import { goodbyesIn, type AnnouncedService } from './mdns-records';

/** The part of the library below its browser that we use: the multicast socket. */
interface MulticastSocket extends EventEmitter {
  query(name: string, type: string): void;
}

type Listener = (...words: unknown[]) => void;

/** The name whose PTR records name the services of our type. */
const serviceType = `_${announcement.type}._${announcement.protocol}.local`;

/** What one interface's browser is made with. */
export interface InterfaceBrowserOptions {
  /** `eth0` */
  readonly interfaceName: string;
  /** The IPv4 address of the interface, by which the system knows where to join the group. */
  readonly address: string;
  readonly onAnnounced: (service: AnnouncedService) => void;
  /** A goodbye, by the name of the service. */
  readonly onGoodbye: (fqdn: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** When to ask again: often at first, then every half minute (RFC 6762 §5.2 asks for growing intervals). */
const roundsMs = [1_000, 2_000, 4_000, 8_000, 15_000] as const;
const laterRoundsMs = 30_000;

/** A silent host is asked this often before it counts as gone. */
export const missedRoundsMs = 3 * laterRoundsMs + 10_000;

/**
 * Browses on one interface in rounds: each asks anew with a fresh list, because the library neither notices changed addresses of a service that
 * it knows nor remembers when it heard of one last. Between rounds announcements and goodbyes are heard as they come. What the network sends
 * cannot end the process: every listener of the library is guarded, and so are the errors of its socket.
 */
export function browseInterface(options: InterfaceBrowserOptions): Disposable & { refresh(): void } {
  const { logger, clock, interfaceName } = options;
  const onError = (error: unknown) => {
    logger.debug(`mDNS on ${interfaceName}: ${toError(error).message}`);
  };
  const bonjour = new Bonjour(
    // Bound to the address itself the socket would hear no multicast.
    { interface: options.address, bind: '0.0.0.0' } as ConstructorParameters<typeof Bonjour>[0],
    onError,
  );
  const socket = (bonjour as unknown as { server: { mdns: MulticastSocket } }).server.mdns;
  socket.on('error', onError);
  socket.on('warning', onError);
  // The list of a round is empty until it was answered, and the library leaves out the goodbye of what it does not list.
  const goodbyes = guard(socket, onError);
  goodbyes.on('response', (packet) => goodbyesIn(packet, serviceType).forEach(options.onGoodbye));
  let browser: Browser | undefined;
  let round = 0;
  let cancel: (() => void) | undefined;

  const ask = () => {
    cancel?.();
    browser?.stop();
    browser?.removeAllListeners();
    browser = new Browser(guard(socket, onError), {
      type: announcement.type,
      protocol: announcement.protocol,
    });
    const onService = (service: Service) => options.onAnnounced(toAnnounced(service, interfaceName));
    browser.on('up', onService);
    browser.on('srv-update', onService);
    browser.on('txt-update', onService);
    cancel = clock.schedule(roundsMs[round] ?? laterRoundsMs, ask);
    round += 1;
  };
  ask();
  return {
    refresh() {
      round = 0;
      ask();
    },
    dispose() {
      cancel?.();
      browser?.stop();
      bonjour.destroy();
    },
  };
}

/** The socket as the browser sees it: a packet that its code cannot stand is left out instead of ending the process. */
function guard(socket: MulticastSocket, onError: (error: unknown) => void) {
  const guarded = new Map<Listener, Listener>();
  return {
    on(event: string, listener: Listener) {
      const safe: Listener = (...words) => {
        try {
          listener(...words);
        } catch (error) {
          onError(error);
        }
      };
      guarded.set(listener, safe);
      socket.on(event, safe);
    },
    removeListener(event: string, listener: Listener) {
      socket.removeListener(event, guarded.get(listener) ?? listener);
    },
    query: (service: string, type: string) => socket.query(service, type),
  };
}

function toAnnounced(service: Service, interfaceName: string): AnnouncedService {
  const { fqdn, host, port, addresses = [] } = service;
  const txt: unknown = service.txt;
  return { fqdn, host, port, txt, addresses, interfaceName };
}
