import { systemErrorCode, toError } from '../../base/errors';
import { describePortFault } from '../platform/unprivileged-ports';
import { PortInUseError } from './listeners';

/** Why a daemon cannot listen. `other` is no matter of addresses and ports. */
export interface ListenFault {
  readonly kind: 'port-in-use' | 'address' | 'permission' | 'other';
  /** What happened, and the next step where there is one. */
  readonly message: string;
}

/** Explains the rejection of `FrontDoor.listen`. */
export function explainListenFault(error: unknown): ListenFault {
  const { message } = toError(error);
  if (error instanceof PortInUseError)
    return {
      kind: 'port-in-use',
      message: `${message}. Choose another one with --port, or --port 0 for one that is free`,
    };
  switch (systemErrorCode(error)) {
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return {
        kind: 'address',
        message: `this machine cannot listen on that address (${message}). Give one of its own with --listen, or "all"`,
      };
    case 'EACCES':
    case 'EPERM':
      return {
        kind: 'permission',
        message:
          describePortFault(portOf(error)) ??
          `the system does not allow it (${message}). Choose another port with --port`,
      };
    default:
      return { kind: 'other', message };
  }
}

/** The port in an error of `net.Server.listen`; 0 where there is none. */
function portOf(error: unknown): number {
  return error instanceof Error && 'port' in error && typeof error.port === 'number' ? error.port : 0;
}
