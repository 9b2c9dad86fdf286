import { networkInterfaces } from 'node:os';
import { Emitter } from '../../../base/event';
import type { Logger } from '../../../base/logger';
import { systemClock, type Clock } from '../../../base/time';
import type { FoundHost, HostProvider } from '../host-provider';
import type { browseInterface } from './mdns-browser';
import {
  announcementKey,
  maxAnnouncements,
  readAnnouncedService,
  rememberAnnounced,
  type AnnouncedService,
  type RememberedAnnouncement,
} from './mdns-records';

/** What the mDNS provider is made with. */
export interface MdnsProviderOptions {
  readonly logger: Logger;
  /** Whether it listens and asks on loopback only, so that nothing leaves the machine. */
  readonly loopbackOnly?: boolean;
  readonly clock?: Clock;
}

/** Finds the hosts that announce themselves on the networks of this machine, on every interface and on loopback. */
export function createMdnsProvider(options: MdnsProviderOptions): HostProvider {
  return new MdnsProvider(options);
}

const followIntervalMs = 5_000;
/** Several interfaces and packets tell of one host within a moment. */
const batchMs = 100;

class MdnsProvider implements HostProvider {
  private readonly changes = new Emitter<void>();
  private readonly browsers = new Map<string, ReturnType<typeof browseInterface>>();
  private readonly announced = new Map<string, RememberedAnnouncement>();
  private readonly clock: Clock;
  private cancelFollowing: (() => void) | undefined;
  private cancelBatch: (() => void) | undefined;
  private browse: typeof browseInterface | undefined;
  private isDisposed = false;
  private shown = '';
  found: readonly FoundHost[] = [];
  readonly onDidChange = this.changes.event;

  constructor(private readonly options: MdnsProviderOptions) {
    this.clock = options.clock ?? systemClock;
  }

  start(): void {
    // The library is loaded when something is to be found, not with the editor.
    import(/* webpackMode: "eager" */ './mdns-browser')
      .then(({ browseInterface: browse, missedRoundsMs }) => {
        if (this.isDisposed) return;
        this.browse = browse;
        this.follow(missedRoundsMs);
      })
      .catch((error: unknown) => {
        this.options.logger.error('hosts on the network cannot be looked for', error);
      });
  }

  refresh(): void {
    if (this.isDisposed) return;
    this.followInterfaces();
    for (const browser of this.browsers.values()) browser.refresh();
  }

  dispose(): void {
    this.isDisposed = true;
    this.cancelFollowing?.();
    this.cancelBatch?.();
    for (const browser of this.browsers.values()) browser.dispose();
    this.browsers.clear();
    this.changes.dispose();
  }

  /** Looks after interfaces that come and go, and lets go of hosts that have been silent for long. */
  private follow(silenceMs: number): void {
    this.followInterfaces();
    const limit = this.clock.now() - silenceMs;
    for (const [key, { found }] of this.announced) {
      if ((found.lastSeenAt ?? 0) >= limit) continue;
      this.announced.delete(key);
      this.changed();
    }
    this.cancelFollowing = this.clock.schedule(followIntervalMs, () => this.follow(silenceMs));
  }

  private followInterfaces(): void {
    const { browse } = this;
    if (browse === undefined) return;
    const present = listInterfaces(this.options.loopbackOnly === true);
    for (const [address, browser] of this.browsers) {
      if (present.has(address)) continue;
      browser.dispose();
      this.browsers.delete(address);
    }
    for (const [address, interfaceName] of present) {
      if (this.browsers.has(address)) continue;
      try {
        const browser = browse({
          interfaceName,
          address,
          clock: this.clock,
          logger: this.options.logger,
          onAnnounced: (service) => this.onAnnounced(service),
          onGoodbye: (fqdn) => this.onGoodbye(fqdn),
        });
        this.browsers.set(address, browser);
      } catch (error) {
        this.options.logger.warn(`mDNS on ${interfaceName} is not possible: ${String(error)}`);
      }
    }
  }

  private onAnnounced(service: AnnouncedService): void {
    if (this.isDisposed) return;
    const found = readAnnouncedService(service, this.clock.now());
    if (found === undefined) {
      this.options.logger.debug('an announcement that cannot be read was left out');
      return;
    }
    const key = announcementKey(found);
    const known = this.announced.get(key);
    if (known === undefined && this.announced.size >= maxAnnouncements) return;
    this.announced.set(key, rememberAnnounced(known, found, service.fqdn));
    this.changed();
  }

  private onGoodbye(fqdn: string): void {
    for (const [key, announced] of this.announced)
      if (announced.fqdn.toLowerCase() === fqdn.toLowerCase()) this.announced.delete(key);
    this.changed();
  }

  /** Says so when something that is shown has changed; that a host was heard again is not. */
  private changed(): void {
    this.found = [...this.announced.values()].map(({ found }) => found);
    this.cancelBatch ??= this.clock.schedule(batchMs, () => {
      this.cancelBatch = undefined;
      const current = JSON.stringify(this.found.map((found) => ({ ...found, lastSeenAt: 0 })));
      if (current === this.shown) return;
      this.shown = current;
      this.changes.fire();
    });
  }
}

/** The IPv4 addresses to browse on, with the names of their interfaces; one for each interface. */
function listInterfaces(loopbackOnly: boolean): ReadonlyMap<string, string> {
  const present = new Map<string, string>();
  for (const [interfaceName, addresses] of Object.entries(networkInterfaces())) {
    const first = (addresses ?? []).find(({ family }) => family === 'IPv4');
    if (first !== undefined && (first.internal || !loopbackOnly)) present.set(first.address, interfaceName);
  }
  return present;
}
