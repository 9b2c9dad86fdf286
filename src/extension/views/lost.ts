import { isLost, type HostState } from '../hosts/host-state';

/** Whether the connection went and stays away until a person wants it back, since they set that nothing is tried by itself. */
export function staysLost(state: HostState): boolean {
  return state.kind === 'failed' && state.cause.code === 'lost';
}

/** Whether a person is offered to reconnect: the connection went, whether it comes back by itself or not. */
export function isReconnectable(state: HostState): boolean {
  return isLost(state) || staysLost(state);
}
