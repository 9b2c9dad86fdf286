import { systemErrorCode, toError } from '../../base/errors';
import { describePortFault } from '../platform/unprivileged-ports';
import { PortInUseError, type ListeningPlace } from './listeners';

/** Why a daemon cannot listen. `other` is no matter of addresses and ports. */
export interface ListenFault {
  readonly kind: 'port-in-use' | 'address' | 'permission' | 'other';
  /** What happened, and the next step where there is one. */
  readonly message: string;
}

/** Explains the rejection of the first `FrontDoor.listen`. */
export function explainListenFault(error: unknown): ListenFault {
  const { kind, what, option } = describeFault(error);
  return { kind, message: option === undefined ? what : `${what}. ${option}` };
}

/** Explains why a front door that runs, at that place, does not listen where its configuration says. */
export function explainRefusedPlace(error: unknown, { port, hosts }: ListeningPlace, isLost = false): string {
  const { kind, what } = describeFault(error);
  const next =
    kind === 'port-in-use'
      ? 'Correct the configuration or end that program, then reload again'
      : 'Correct the configuration, then reload again';
  const place = `port ${port} on ${hosts.join(', ')}`;
  return isLost
    ? `${what}; the front door cannot go back to where it was either, and tries ${place} until it is free. ${next}`
    : `${what}; the front door stays where it was, at ${place}. ${next}`;
}

function describeFault(error: unknown): {
  readonly kind: ListenFault['kind'];
  readonly what: string;
  /** Who starts a daemon by its command line mends it so. */
  readonly option?: string;
} {
  const { message } = toError(error);
  if (error instanceof PortInUseError)
    return {
      kind: 'port-in-use',
      what: message,
      option: 'Choose another one with --port, or --port 0 for one that is free',
    };
  switch (systemErrorCode(error)) {
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return {
        kind: 'address',
        what: `this machine cannot listen on that address (${message})`,
        option: 'Give one of its own with --listen, or "all"',
      };
    case 'EACCES':
    case 'EPERM': {
      const what = describePortFault(portOf(error));
      return what === undefined
        ? {
            kind: 'permission',
            what: `the system does not allow it (${message})`,
            option: 'Choose another port with --port',
          }
        : { kind: 'permission', what };
    }
    default:
      return { kind: 'other', what: message };
  }
}

/** The port in an error of `net.Server.listen`; 0 where there is none. */
function portOf(error: unknown): number {
  return error instanceof Error && 'port' in error && typeof error.port === 'number' ? error.port : 0;
}
