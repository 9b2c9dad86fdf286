import type { Disposable } from '../../base/disposable';
import type { Event } from '../../base/event';
import type { Endpoint } from '../transports/transport';

/** A host as a provider sees it. Everything in it is a claim: it names and places, and creates no trust. */
export interface FoundHost {
  readonly source: 'discovered' | 'ssh-configuration';
  /** As it came; made safe to show by the registry. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** What the announcement says of the daemon. */
  readonly claimed?: {
    readonly daemonId: string;
    /** The first 16 bytes of the pin in base64url, see `pinHint`. */
    readonly pinHint: string;
    readonly protocol: string;
  };
  /** Milliseconds since the epoch of the last announcement; absent for what has no such time. */
  readonly lastSeenAt?: number;
}

/** Finds hosts of one kind: on the network, in a file, at an organisation's own orchestration. */
export interface HostProvider extends Disposable {
  /** What is found at the moment. The array is replaced, never changed. */
  readonly found: readonly FoundHost[];
  readonly onDidChange: Event<void>;
  /** Begins to look and goes on until it is disposed. Called once; never throws: what goes wrong is in the log. */
  start(): void;
  /** Looks anew at once. */
  refresh(): void;
}
