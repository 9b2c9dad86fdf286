import { toDisposable } from '../../../base/disposable';
import { Emitter } from '../../../base/event';
import type { Logger } from '../../../base/logger';
import type { HostProvider } from '../host-provider';

/** What the mDNS provider is made with. */
export interface MdnsProviderOptions {
  readonly logger: Logger;
  /** Whether it listens and asks on loopback only, so that nothing leaves the machine. */
  readonly loopbackOnly?: boolean;
}

/** Finds the hosts that announce themselves on the networks of this machine, on every interface and on loopback. */
export function createMdnsProvider(options: MdnsProviderOptions): HostProvider {
  const changes = new Emitter<void>();
  return {
    ...toDisposable(() => changes.dispose()),
    found: [],
    onDidChange: changes.event,
    start: () => options.logger.debug('browsing'),
    refresh: () => options.logger.debug('asking the network anew'),
  };
}
