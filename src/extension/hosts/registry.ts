import type { Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import type { Clock } from '../../base/time';
import type { Client } from '../../protocol/agent';
import type { SecretStore, Transport } from '../transports/transport';
import type { Hosts, HostStorage } from './host';
import type { HostProvider } from './host-provider';

/** What the hosts of one window are made with. */
export interface HostsOptions {
  readonly storage: HostStorage;
  readonly secrets: SecretStore;
  /** At most one of each kind. This machine is listed when there is a `local` one. */
  readonly transports: readonly Transport[];
  /** Started and disposed by the hosts. */
  readonly providers: readonly HostProvider[];
  readonly client: Client;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Asked each time a connection is lost: the person's setting. */
  readonly reconnectsAutomatically: () => boolean;
  /** Whether hosts that were connected when the editor was closed connect again by themselves. Default: yes. */
  readonly connectsAtStart?: boolean;
}

/** Makes the model of all hosts. The caller disposes it: that closes every connection and leaves sign-ins and kernels alone. */
export function createHosts(options: HostsOptions): Hosts & Disposable {
  throw new Error(`${options.client.label}: hosts are not implemented`);
}
