import type { Socket } from 'node:net';
import type { Logger } from '../../base/logger';
import type { FrontDoorLimits } from '../configuration/front-door-limits';
import { sourceOf } from './source';

/** One TCP connection to the front door. */
export interface Connection {
  /** Numbers the connection in the log. */
  readonly number: number;
  readonly source: string;
  readonly log: Logger;
  /** Called at each request: the first one must come in time. */
  requestCame(): void;
  /** Called when somebody has signed in on it: the limits for strangers end. */
  signedIn(): void;
  readonly isSignedIn: boolean;
}

interface Entry extends Connection {
  readonly socket: Socket;
}

/**
 * The open connections, and what those of strangers may cost: their number in all and per source, and their time. A connection that breaks
 * a limit is closed without a word.
 */
export class Connections {
  private readonly open = new Map<string, Entry>();
  private readonly strangers = new Map<string, number>();
  private strangersInAll = 0;
  private lastNumber = 0;

  constructor(
    private readonly limits: FrontDoorLimits,
    private readonly log: Logger,
  ) {}

  /** Counts a fresh connection in, or closes it and gives `undefined`. It counts itself out when it closes. */
  accept(socket: Socket): Connection | undefined {
    const source = sourceOf(socket.remoteAddress);
    const ofSource = this.strangers.get(source) ?? 0;
    const { maxUnauthenticated, maxUnauthenticatedPerSource } = this.limits;
    if (this.strangersInAll >= maxUnauthenticated || ofSource >= maxUnauthenticatedPerSource) {
      this.log.debug(`a connection from ${source} was closed: too many that have not signed in`);
      socket.destroy();
      return undefined;
    }
    const number = ++this.lastNumber;
    const log = this.log.child(`connection ${number}`);
    log.debug(`1/4: accepted from ${source}`);
    return this.register(socket, source, number, log);
  }

  /** The connection that a request came on; both ends of its address identify it while it is open. */
  find(socket: Socket): Connection | undefined {
    return this.open.get(keyOf(socket));
  }

  /** How many are open, and how many of them belong to a sign-in. */
  count(): { readonly all: number; readonly signedIn: number } {
    const signedIn = [...this.open.values()].filter((entry) => entry.isSignedIn).length;
    return { all: this.open.size, signedIn };
  }

  /** Closes all at once. */
  destroyAll(): void {
    for (const { socket } of this.open.values()) socket.destroy();
  }

  private register(socket: Socket, source: string, number: number, log: Logger): Connection {
    const { firstRequestTimeoutMs, signInTimeoutMs } = this.limits;
    const endLate = (what: string) => {
      log.debug(`closed: ${what}`);
      socket.destroy();
    };
    const firstRequest = setTimeout(endLate, firstRequestTimeoutMs, 'no request came in time');
    const signIn = setTimeout(endLate, signInTimeoutMs, 'nobody signed in');
    let isStranger = true;
    const leaveStrangers = () => {
      if (!isStranger) return;
      isStranger = false;
      clearTimeout(firstRequest);
      clearTimeout(signIn);
      this.countStranger(source, -1);
    };
    const entry: Entry = {
      socket,
      number,
      source,
      log,
      requestCame: () => clearTimeout(firstRequest),
      signedIn: leaveStrangers,
      get isSignedIn() {
        return !isStranger;
      },
    };
    const key = keyOf(socket);
    this.countStranger(source, 1);
    this.open.set(key, entry);
    // The TLS layer reports its own errors; this one only keeps an error before it from ending the process.
    socket.on('error', (error) => log.debug(`broken: ${error.message}`));
    socket.once('close', () => {
      leaveStrangers();
      if (this.open.get(key) === entry) this.open.delete(key);
    });
    return entry;
  }

  private countStranger(source: string, change: number): void {
    const count = (this.strangers.get(source) ?? 0) + change;
    this.strangersInAll += change;
    if (count <= 0) this.strangers.delete(source);
    else this.strangers.set(source, count);
  }
}

function keyOf(socket: Socket): string {
  return [socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort].join(' ');
}
