import type { Pin } from '../../protocol/pin';
import { ConnectionError, type ConnectStep } from '../transports/transport';
import type { HostState } from './host-state';

/** What happens to a host. Times are milliseconds since the epoch. */
export type HostEvent =
  /** A person, or the start of the editor, wants it connected. `isAutomatic`: nobody asked just now, so it goes on trying. */
  | { readonly kind: 'connect-started'; readonly at: number; readonly isAutomatic: boolean }
  | { readonly kind: 'step'; readonly step: ConnectStep }
  | { readonly kind: 'connected'; readonly at: number; readonly userName: string; readonly address: string }
  /** The attempt ended. `retryAt` is when the next one would be; without it the person does not want any by itself. */
  | {
      readonly kind: 'attempt-failed';
      readonly at: number;
      readonly cause: ConnectionError;
      readonly retryAt?: number;
    }
  /** The connection went. Without `retryAt` the person does not want it back by itself. */
  | {
      readonly kind: 'lost';
      readonly at: number;
      readonly cause: ConnectionError;
      readonly retryAt?: number;
    }
  /** The time to wait has passed, or was cut short. */
  | { readonly kind: 'retry-started' }
  | { readonly kind: 'disconnected' }
  /** The person replaced the key deliberately. */
  | { readonly kind: 'key-replaced' };

/**
 * The state after an event. An event that does not apply gives the same object back. Pure: the runner in `host-connection.ts` does what the
 * states mean.
 */
export function next(state: HostState, event: HostEvent): HostState {
  switch (event.kind) {
    case 'connect-started':
      return onConnectStarted(state, event);
    case 'step':
      return state.kind === 'connecting' || state.kind === 'reconnecting'
        ? { ...state, step: event.step }
        : state;
    case 'connected':
      return isAttempting(state)
        ? { kind: 'connected', userName: event.userName, address: event.address, since: event.at }
        : state;
    case 'attempt-failed':
      return onAttemptFailed(state, event);
    case 'lost':
      return onLost(state, event);
    case 'retry-started':
      return state.kind === 'waiting'
        ? {
            kind: 'reconnecting',
            cause: state.cause,
            attempt: state.attempt,
            step: 'reaching',
            lostAt: state.lostAt,
          }
        : state;
    case 'disconnected':
      return state.kind === 'disconnected' ? state : { kind: 'disconnected' };
    case 'key-replaced':
      return state.kind === 'key-changed' ? { kind: 'disconnected' } : state;
  }
}

/** Whether an attempt is under way. */
export function isAttempting(state: HostState): boolean {
  return state.kind === 'connecting' || state.kind === 'reconnecting';
}

function onConnectStarted(
  state: HostState,
  event: Extract<HostEvent, { kind: 'connect-started' }>,
): HostState {
  switch (state.kind) {
    case 'connected':
    case 'connecting':
    case 'reconnecting':
      return state;
    case 'waiting':
      return next(state, { kind: 'retry-started' });
    case 'disconnected':
    case 'sign-in-needed':
    case 'key-changed':
    case 'failed':
      return event.isAutomatic
        ? {
            kind: 'reconnecting',
            cause: new ConnectionError('lost', 'the editor was closed'),
            attempt: 1,
            step: 'reaching',
            lostAt: event.at,
          }
        : { kind: 'connecting', step: 'reaching', since: event.at };
  }
}

function onAttemptFailed(
  state: HostState,
  { at, cause, retryAt }: Extract<HostEvent, { kind: 'attempt-failed' }>,
): HostState {
  if (state.kind !== 'connecting' && state.kind !== 'reconnecting') return state;
  if (cause.code === 'cancelled' || cause.code === 'key-declined') return { kind: 'disconnected' };
  if (cause.code === 'key-changed') return toKeyChanged(cause, at);
  if (cause.recovery === 'ask') return { kind: 'sign-in-needed', cause, since: at };
  if (state.kind === 'reconnecting' && retryAt !== undefined && isWorthRetrying(cause))
    return { kind: 'waiting', cause, attempt: state.attempt + 1, retryAt, lostAt: state.lostAt };
  return { kind: 'failed', cause, since: at };
}

/**
 * A host that was there comes back: in another network something else may answer at its address meanwhile, and that is no reason to give the
 * host up.
 */
function isWorthRetrying(cause: ConnectionError): boolean {
  return cause.recovery === 'retry' || cause.code === 'not-a-daemon';
}

function onLost(state: HostState, { at, cause, retryAt }: Extract<HostEvent, { kind: 'lost' }>): HostState {
  if (state.kind !== 'connected') return state;
  if (cause.code === 'key-changed') return toKeyChanged(cause, at);
  if (cause.recovery === 'ask') return { kind: 'sign-in-needed', cause, since: at };
  if (cause.recovery === 'stop' || retryAt === undefined) return { kind: 'failed', cause, since: at };
  return { kind: 'waiting', cause, attempt: 1, retryAt, lostAt: at };
}

function toKeyChanged(cause: ConnectionError, at: number): HostState {
  const presented: Pin | undefined = cause.facts.presentedPin;
  return presented === undefined
    ? { kind: 'failed', cause, since: at }
    : { kind: 'key-changed', presented, since: at };
}
