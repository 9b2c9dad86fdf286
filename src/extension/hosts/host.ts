import type { Event } from '../../base/event';
import type { Pin } from '../../protocol/pin';
import type { RemoteAgent } from '../remote/remote-agent';
import type { ConnectionError, Endpoint, Interaction, PresentedCertificate } from '../transports/transport';
import type { HostState } from './host-state';

/** Where we know a host from. */
export type HostSource = 'this-machine' | 'discovered' | 'saved' | 'ssh-configuration';

/** A machine that can run kernels, as the user thinks of it. Its identity is `id`; names and addresses may change. */
export interface Host {
  /** Stable for this installation: kept in saved hosts and in what notebooks remember. */
  readonly id: string;
  /** As shown, made safe for one line. */
  readonly name: string;
  readonly sources: ReadonlySet<HostSource>;
  /** Ways to reach it, the one to try first first. */
  readonly endpoints: readonly Endpoint[];
  readonly state: HostState;
  readonly agent: RemoteAgent;
  /** The key accepted for it, and when (milliseconds since the epoch). */
  readonly accepted?: { readonly pin: Pin; readonly at: number } | undefined;
  /** The user name of the last sign-in. */
  readonly userName?: string | undefined;
  /** Whether the person signed out of it and has not signed in since. */
  readonly isSignedOut: boolean;
  /** Milliseconds since the epoch of the last sign of life: announcement or connection. */
  readonly lastSeenAt?: number | undefined;
  /** Whether it is announced on the network at the moment. */
  readonly isAnnounced: boolean;
  /** Round trip of the last request that measured it. */
  readonly roundTripMs?: number | undefined;
  /** Of the open connection, if the host shows one. */
  readonly certificate?: PresentedCertificate | undefined;
}

/** What `connect` ended with. A dismissed question is `cancelled`, not an error. */
export type ConnectOutcome =
  | { readonly kind: 'connected' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: ConnectionError };

/** What `signOut` ended with. */
export interface SignOutOutcome {
  /** Whether the host confirmed that the sign-in ended over there. */
  readonly isHostTold: boolean;
}

/** A reading of what a person typed as a host. */
export type TypedHost =
  | { readonly kind: 'tls'; readonly hostname: string; readonly port: number; readonly userName?: string }
  | { readonly kind: 'ssh'; readonly destination: string }
  | { readonly kind: 'invalid'; readonly message: string };

/** All hosts that are known, and the verbs on them. Implemented by `hosts/registry.ts`; disposed by who made it. */
export interface Hosts {
  /** In no particular order: views sort. */
  readonly all: readonly Host[];
  /** Fires when hosts come, go, or any of them changes; agents' lists have their own events. */
  readonly onDidChange: Event<void>;
  get(id: string): Host | undefined;
  /**
   * Connects, or joins the attempt that is under way. With an interaction it may ask; without, whatever needs a person ends in
   * `sign-in-needed`. Never rejects.
   */
  connect(
    id: string,
    options: { readonly interaction?: Interaction; readonly signal: AbortSignal },
  ): Promise<ConnectOutcome>;
  /** Tries again at once instead of waiting for the back-off. */
  reconnectNow(id: string): void;
  /** Ends the connection and any attempt; the sign-in and the kernels stay. */
  disconnect(id: string): void;
  /**
   * Ends the sign-in on the host, too. Resolves even if the host cannot be reached, with `isHostTold: false`: then the sign-in may go on over
   * there, and only here it is forgotten.
   */
  signOut(
    id: string,
    options: { readonly isEverywhere: boolean; readonly signal: AbortSignal },
  ): Promise<SignOutOutcome>;
  /** Disconnects and forgets everything about it: saved entry, key, secrets. A host that is announced appears again as unknown. */
  forget(id: string): Promise<void>;
  /** Adds what a person typed and saves it; gives the host that is already there for the same address. */
  add(typed: Exclude<TypedHost, { kind: 'invalid' }>): Host;
  /** Deliberately replaces the accepted key of a host whose key changed. */
  replaceKey(id: string, pin: Pin): Promise<void>;
  /** Asks the network anew. */
  rediscover(): void;
  /** To be called when the network returned or the computer woke: waiting hosts try at once. */
  wake(): void;
}

/** What survives a restart of the editor, without secrets. */
export interface SavedHost {
  readonly id: string;
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly pin?: string;
  readonly acceptedAt?: number;
  readonly daemonId?: string;
  readonly userName?: string;
  readonly lastSeenAt?: number;
  /** Whether it was connected when the editor was closed: connected again without questions at the next start. */
  readonly wasConnected?: boolean;
  /** Whether the person signed out since it was connected last. */
  readonly isSignedOut?: boolean;
}

/** Keeps saved hosts. Synchronous reads: controllers are made from it before any network. */
export interface HostStorage {
  read(): readonly SavedHost[];
  write(hosts: readonly SavedHost[]): Promise<void>;
  /** Fires when another window changed them. */
  readonly onDidChange: Event<void>;
}
