import type { Disposable } from '../../base/disposable';
import type { Event } from '../../base/event';
import type { HttpConnection } from '../../base/http-connection';
import type { Logger } from '../../base/logger';
import type { Recovery } from '../../protocol/errors';
import type { SignInMethod } from '../../protocol/front-door';
import type { Pin } from '../../protocol/pin';

/**
 * Where an address came from. A certificate of a trusted authority needs no question only for a name that a person typed or an administrator
 * configured, never for one that came from the network or a link.
 */
export type AddressOrigin = 'typed' | 'configured' | 'discovered' | 'link';

/** One way to reach a host. */
export type Endpoint =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'tls';
      readonly hostname: string;
      readonly port: number;
      readonly origin: AddressOrigin;
      /**
       * What an announcement said that the name resolves to, best first: many systems cannot resolve `.local` names themselves. Tried before
       * the name is resolved. An IPv6 link-local address carries its interface, `fe80::1%eth0`.
       */
      readonly addresses?: readonly string[];
    }
  | { readonly kind: 'ssh'; readonly destination: string }
  | { readonly kind: 'jupyterhub'; readonly url: string };

/** Where a connection attempt stands; shown in words while it lasts. */
export type ConnectStep =
  'reaching' | 'checking-key' | 'signing-in' | 'starting-agent' | 'reading-environments';

/** A question about a key that this installation has not accepted yet. */
export interface KeyQuestion {
  readonly hostName: string;
  /** `192.168.1.7:7443` */
  readonly address: string;
  readonly pin: Pin;
  readonly origin: AddressOrigin;
}

/** One thing that a person has to answer while signing in. */
export interface Prompt {
  readonly hostName: string;
  readonly kind: 'code' | 'user-name' | 'password' | 'other';
  /** The host's own words for `other`; data, shown as plain text under our title. */
  readonly text?: string;
  readonly userName?: string;
  readonly isSecret: boolean;
  /** Whether "Remember on this computer" is offered. */
  readonly canRemember: boolean;
  /** Set when the answer before was not accepted. */
  readonly refused?: { readonly attemptsLeft: number };
  /** What to put in the box at first, such as the user name of last time. */
  readonly suggestion?: string;
}

/** A person's answer to a {@link Prompt}. */
export interface PromptAnswer {
  readonly value: string;
  readonly isToBeRemembered: boolean;
}

/**
 * How a transport talks with a person. A non-interactive attempt (a reconnection) gets none, and whatever would need one fails with a code
 * whose recovery is `ask`.
 */
export interface Interaction {
  /** Resolves with whether the person confirmed that the host shows this fingerprint. */
  confirmKey(question: KeyQuestion, signal: AbortSignal): Promise<boolean>;
  /** Resolves with `undefined` when the person dismissed the question. */
  ask(prompt: Prompt, signal: AbortSignal): Promise<PromptAnswer | undefined>;
  /**
   * Asked when a host offers several ways to sign in; resolves with `undefined` when dismissed. Without this function the first of
   * `methods` is taken.
   */
  chooseSignIn?(
    question: { readonly hostName: string; readonly methods: readonly SignInMethod[] },
    signal: AbortSignal,
  ): Promise<SignInMethod | undefined>;
}

/** Keeps secrets for a transport. Keys are made of pin and user, never of a name. */
export interface SecretStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Where the token of a sign-in is kept. Under pin and user, never under a name. */
export function tokenSecretKey(pin: Pin, userName: string): string {
  return `token:${pin}:${userName}`;
}

/** Where a password is kept that the person asked to remember. */
export function passwordSecretKey(pin: Pin, userName: string): string {
  return `password:${pin}:${userName}`;
}

/** What a transport needs to know and to use for one attempt. */
export interface ConnectOptions {
  /** As the person knows the host; for questions and log lines. */
  readonly hostName: string;
  /** Accepted earlier; it outranks any certificate authority. */
  readonly acceptedPin?: Pin;
  /** The user name of last time. */
  readonly userName?: string;
  readonly interaction?: Interaction;
  readonly secrets: SecretStore;
  readonly onStep: (step: ConnectStep) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The certificate that a host showed last. */
export interface PresentedCertificate {
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
  /** Whether it vouches for itself, as the one that a daemon makes. */
  readonly isSelfSigned: boolean;
  /** Whether the connection rests on it, because an authority signed it, and not on a key that was accepted. */
  readonly isReliedOn: boolean;
}

/** An open, signed-in way to one user's agent. Disposing it closes everything that it opened; it signs nobody out. */
export interface Connection extends HttpConnection, Disposable {
  readonly endpoint: Endpoint;
  /** Where it really goes, as shown: `192.168.1.7:7443`. Absent for this machine. */
  readonly address?: string;
  /** The user's name on the host, when the transport learned it. */
  readonly userName?: string;
  /** The key that was verified; recorded as accepted by who called. */
  readonly pin?: Pin;
  /**
   * Whether the key was trusted because a certificate authority vouches for the name that was typed. It is then not recorded as accepted:
   * such hosts may change their key with every certificate.
   */
  readonly isTrustedByAuthority?: boolean;
  /** Of a host that shows one. It can be renewed while the connection lasts. */
  readonly certificate?: PresentedCertificate;
  /** `daemonId` as the verified front door said it. */
  readonly daemonId?: string;
  /** Fires at most once, when the transport itself notices that nothing more will come through. */
  readonly onDidClose: Event<ConnectionError>;
  /** Ends the sign-in on the host, everywhere or here, and forgets the token. A transport without sign-in resolves at once. */
  signOut(options: { readonly isEverywhere: boolean; readonly signal: AbortSignal }): Promise<void>;
}

/** Makes connections to endpoints of one kind. */
export interface Transport<K extends Endpoint['kind'] = Endpoint['kind']> {
  readonly kind: K;
  /** Rejects with a {@link ConnectionError}. */
  connect(endpoint: Extract<Endpoint, { kind: K }>, options: ConnectOptions): Promise<Connection>;
}

/** A transport of any kind. */
export type AnyTransport = { [K in Endpoint['kind']]: Transport<K> }[Endpoint['kind']];

/** Every reason why a connection is not there, with what is done about it. A code without a decision does not compile. */
export const connectionErrors = {
  unreachable: 'retry',
  'name-not-found': 'retry',
  'no-answer': 'retry',
  lost: 'retry',
  'agent-unavailable': 'retry',
  'too-many-attempts': 'retry',
  'not-a-daemon': 'stop',
  'key-unknown': 'ask',
  'key-changed': 'stop',
  'key-declined': 'stop',
  'sign-in-needed': 'ask',
  refused: 'ask',
  cancelled: 'stop',
  'host-older': 'stop',
  'host-newer': 'stop',
  'daemon-missing': 'stop',
  'not-supported': 'stop',
  internal: 'retry',
} as const satisfies Record<string, Recovery>;

/** A code of {@link connectionErrors}. */
export type ConnectionErrorCode = keyof typeof connectionErrors;

/** Facts beside the code of a {@link ConnectionError}, for the sentence that a person reads. */
export interface ConnectionErrorFacts {
  readonly address?: string;
  readonly userName?: string;
  readonly retryAfterMs?: number;
  /** For `key-changed`: what the host showed. */
  readonly presentedPin?: Pin;
  readonly theirProtocol?: string;
  /** What the host itself said, in its words: data. */
  readonly hostWords?: string;
}

/** Why there is no connection. `message` is for the log; sentences for people are made of code and facts. */
export class ConnectionError extends Error {
  constructor(
    readonly code: ConnectionErrorCode,
    message: string,
    readonly facts: ConnectionErrorFacts = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ConnectionError';
  }

  /** What is done about it. */
  get recovery(): Recovery {
    return connectionErrors[this.code];
  }
}
