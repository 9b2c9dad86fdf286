import type { Logger } from '../../base/logger';
import type { Pin } from '../../protocol/pin';
import {
  ConnectionError,
  type AnyTransport,
  type Connection,
  type ConnectionErrorCode,
  type ConnectOptions,
  type ConnectStep,
  type Endpoint,
  type Interaction,
  type SecretStore,
} from '../transports/transport';
import { endpointKey } from './endpoints';

/** A host as one attempt sees it. */
export interface AttemptTarget {
  readonly hostName: string;
  readonly endpoints: readonly Endpoint[];
  /** Tried last, and only with `provenPin`. */
  readonly claimedEndpoints: readonly Endpoint[];
  readonly acceptedPin?: Pin;
  /** The key that an authenticated connection of this host reported. */
  readonly provenPin?: Pin;
  readonly userName?: string;
}

/** What an attempt is made with. */
export interface AttemptOptions {
  readonly transports: readonly AnyTransport[];
  readonly secrets: SecretStore;
  readonly interaction?: Interaction;
  readonly onStep: (step: ConnectStep) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** After these another way to the same host may still lead there; after all others the host itself has answered. */
const triesNextAfter: ReadonlySet<ConnectionErrorCode> = new Set<ConnectionErrorCode>([
  'unreachable',
  'name-not-found',
  'no-answer',
  'not-a-daemon',
  'key-changed',
  'not-supported',
]);

/**
 * Opens the first way to a host that works. A wrong key at an endpoint of the host itself is the reason that is reported when no other way
 * works; what answers at a merely claimed endpoint says nothing about the host. Rejects with a {@link ConnectionError}.
 */
export async function openFirst(target: AttemptTarget, options: AttemptOptions): Promise<Connection> {
  const failures: ConnectionError[] = [];
  for (const endpoint of target.endpoints) {
    try {
      return await open(endpoint, target, target.acceptedPin, options);
    } catch (error) {
      const failure = toFailure(error, options.signal);
      options.logger.info(`${endpointKey(endpoint)}: ${failure.code}: ${failure.message}`);
      if (!triesNextAfter.has(failure.code)) throw failure;
      failures.push(failure);
    }
  }
  const { provenPin } = target;
  if (provenPin !== undefined) {
    for (const endpoint of target.claimedEndpoints) {
      try {
        return await open(endpoint, target, provenPin, options);
      } catch (error) {
        const failure = toFailure(error, options.signal);
        options.logger.warn(`${endpointKey(endpoint)} is announced as this host: ${failure.message}`);
        if (!triesNextAfter.has(failure.code)) throw failure;
      }
    }
  }
  throw (
    failures.find(({ code }) => code === 'key-changed') ??
    failures.find(({ recovery }) => recovery === 'retry') ??
    failures[0] ??
    new ConnectionError('unreachable', 'there is no way to this host')
  );
}

async function open(
  endpoint: Endpoint,
  target: AttemptTarget,
  acceptedPin: Pin | undefined,
  { transports, secrets, interaction, onStep, logger, signal }: AttemptOptions,
): Promise<Connection> {
  const options: ConnectOptions = {
    hostName: target.hostName,
    secrets,
    onStep,
    logger,
    signal,
    ...(acceptedPin === undefined ? {} : { acceptedPin }),
    ...(target.userName === undefined ? {} : { userName: target.userName }),
    ...(interaction === undefined ? {} : { interaction }),
  };
  for (const transport of transports) {
    const connecting = connectIfItsKind(transport, endpoint, options);
    if (connecting !== undefined) return await connecting;
  }
  throw new ConnectionError('not-supported', `nothing here connects by ${endpoint.kind}`);
}

/** The compiler pairs a transport with an endpoint of its kind only when both kinds are spelled out. */
function connectIfItsKind(
  transport: AnyTransport,
  endpoint: Endpoint,
  options: ConnectOptions,
): Promise<Connection> | undefined {
  if (transport.kind === 'local' && endpoint.kind === 'local') return transport.connect(endpoint, options);
  if (transport.kind === 'tls' && endpoint.kind === 'tls') return transport.connect(endpoint, options);
  if (transport.kind === 'ssh' && endpoint.kind === 'ssh') return transport.connect(endpoint, options);
  if (transport.kind === 'jupyterhub' && endpoint.kind === 'jupyterhub')
    return transport.connect(endpoint, options);
  return undefined;
}

/** Whatever was thrown as a reason. The person's own signal makes it `cancelled`. */
export function toFailure(error: unknown, signal: AbortSignal): ConnectionError {
  if (error instanceof ConnectionError) return error;
  if (signal.aborted) return new ConnectionError('cancelled', 'cancelled', {}, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  const isSilence = error instanceof Error && error.name === 'TimeoutError';
  return new ConnectionError(isSilence ? 'no-answer' : 'agent-unavailable', message, {}, { cause: error });
}
