import type { Pin } from '../../protocol/pin';
import type { ConnectStep, ConnectionError } from '../transports/transport';

/** How a host stands. Every state carries its own data, so that an impossible combination has no spelling. Times are milliseconds since the epoch. */
export type HostState =
  /** Not connected, and nothing is wrong. */
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'connecting'; readonly step: ConnectStep; readonly since: number }
  | {
      readonly kind: 'connected';
      readonly userName: string;
      readonly address: string;
      readonly since: number;
    }
  /** Lost; tried again at `retryAt`. `lostAt` is when the connection went. */
  | {
      readonly kind: 'waiting';
      readonly cause: ConnectionError;
      readonly attempt: number;
      readonly retryAt: number;
      readonly lostAt: number;
    }
  /** Lost, and being tried at this moment. */
  | {
      readonly kind: 'reconnecting';
      readonly cause: ConnectionError;
      readonly attempt: number;
      readonly step: ConnectStep;
      readonly lostAt: number;
    }
  /** A person is needed: the sign-in ended. */
  | { readonly kind: 'sign-in-needed'; readonly cause: ConnectionError; readonly since: number }
  | { readonly kind: 'key-changed'; readonly presented: Pin; readonly since: number }
  /** Ended for a reason that trying again does not mend. */
  | { readonly kind: 'failed'; readonly cause: ConnectionError; readonly since: number };

/** Whether the host is lost rather than left: it comes back by itself. */
export function isLost(state: HostState): boolean {
  return state.kind === 'waiting' || state.kind === 'reconnecting';
}
