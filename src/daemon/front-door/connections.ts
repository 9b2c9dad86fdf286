import type { Socket } from 'node:net';
import type { Logger } from '../../base/logger';
import type { FrontDoorLimits } from '../configuration/front-door-limits';
import { addressOf, networksOf, sourceOf, type NetworksOfSource } from '../platform/network-source';

/** One TCP connection to the front door. */
export interface Connection {
  /** Numbers the connection in the log. */
  readonly number: number;
  /** Of the client. */
  readonly address: string;
  /** Whom limits count it for. */
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
  readonly networks: NetworksOfSource;
  /** Whether a request has come on it. */
  readonly hasAsked: boolean;
  /** Counts it out and closes it, at once. */
  giveWay(): void;
}

/**
 * The open connections, and what those of strangers may cost: their number in all and per source, and their time. A connection that breaks
 * a limit is closed without a word. When there is no room, who has not asked anything gives way, so that silence keeps nobody out. For who gives way
 * the networks around an IPv6 source count before it, since a household has hundreds of sources.
 */
export class Connections {
  private readonly open = new Map<string, Entry>();
  /** How many strangers each source has, and each network around one. */
  private readonly strangers = new Map<string, number>();
  private strangersInAll = 0;
  private lastNumber = 0;

  constructor(
    private readonly limits: FrontDoorLimits,
    private readonly log: Logger,
  ) {}

  /** Counts a fresh connection in, or closes it and gives `undefined`. It counts itself out when it closes. */
  accept(socket: Socket): Connection | undefined {
    const address = addressOf(socket.remoteAddress);
    if (address === undefined) {
      // The client has gone again already.
      socket.destroy();
      return undefined;
    }
    const source = sourceOf(address);
    const { maxUnauthenticated, maxUnauthenticatedPerSource } = this.limits;
    if (this.strangersOf(source) >= maxUnauthenticatedPerSource) this.silentOf(source)?.giveWay();
    else if (this.strangersInAll >= maxUnauthenticated) this.leastDeserving(networksOf(source))?.giveWay();
    if (
      this.strangersInAll >= maxUnauthenticated ||
      this.strangersOf(source) >= maxUnauthenticatedPerSource
    ) {
      this.log.debug(`a connection from ${source} was closed: too many that have not signed in`);
      socket.destroy();
      return undefined;
    }
    const number = ++this.lastNumber;
    const log = this.log.child(`connection ${number}`);
    log.debug(`1/4: accepted from ${address}`);
    return this.register(socket, { address, source, number, log });
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

  /** The oldest silent stranger of a source. */
  private silentOf(source: string): Entry | undefined {
    for (const entry of this.open.values())
      if (entry.source === source && !entry.isSignedIn && !entry.hasAsked) return entry;
    return undefined;
  }

  /**
   * The stranger that gives way to one of another source: the oldest silent one of the most crowded place, which is the network of 48 bits that has
   * the most, there the one of 56, and there the source. Where all have asked something it is the oldest one, but only of a place that has more even
   * then: nobody is kept out by a few places that hold all the room, and nobody who is signing in is put out by another one like them. A network that
   * has as many as one source may have takes no room from others.
   */
  private leastDeserving(newcomer: NetworksOfSource): Entry | undefined {
    const [widest] = newcomer;
    const isGreedy = this.strangersOf(widest) >= this.limits.maxUnauthenticatedPerSource;
    let found: Entry | undefined;
    let most: readonly number[] = [];
    for (const entry of this.open.values()) {
      if (entry.isSignedIn || (isGreedy && entry.networks[0] !== widest)) continue;
      if (entry.hasAsked && (found?.hasAsked === false || !this.hasMore(entry.networks, newcomer))) continue;
      const crowd = entry.networks.map((network) => this.strangersOf(network));
      const isFirstSilent = found?.hasAsked === true && !entry.hasAsked;
      if (found !== undefined && !isFirstSilent && !isMoreCrowded(crowd, most)) continue;
      found = entry;
      most = crowd;
    }
    return found;
  }

  /** Whether a source has more strangers than the newcomer's would with it; where both are in one network the narrower ones in it are compared. */
  private hasMore(networks: NetworksOfSource, newcomer: NetworksOfSource): boolean {
    const width = networks.findIndex((network, index) => network !== newcomer[index]);
    const [own, other] = [networks[width], newcomer[width]];
    return own !== undefined && other !== undefined && this.strangersOf(own) > this.strangersOf(other) + 1;
  }

  private register(
    socket: Socket,
    known: Pick<Connection, 'address' | 'source' | 'number' | 'log'>,
  ): Connection {
    const { source, log } = known;
    const { firstRequestTimeoutMs, signInTimeoutMs } = this.limits;
    const endLate = (what: string) => {
      log.debug(`closed: ${what}`);
      socket.destroy();
    };
    const firstRequest = setTimeout(endLate, firstRequestTimeoutMs, 'no request came in time');
    const signIn = setTimeout(endLate, signInTimeoutMs, 'nobody signed in');
    let isStranger = true;
    let hasAsked = false;
    const key = keyOf(socket);
    const networks = networksOf(source);
    const leaveStrangers = () => {
      if (!isStranger) return;
      isStranger = false;
      clearTimeout(firstRequest);
      clearTimeout(signIn);
      this.countStranger(networks, -1);
    };
    const entry: Entry = {
      ...known,
      socket,
      networks,
      requestCame: () => {
        hasAsked = true;
        clearTimeout(firstRequest);
      },
      signedIn: leaveStrangers,
      get isSignedIn() {
        return !isStranger;
      },
      get hasAsked() {
        return hasAsked;
      },
      giveWay: () => {
        log.debug('closed: another one needs the room');
        leaveStrangers();
        this.open.delete(key);
        socket.destroy();
      },
    };
    this.countStranger(networks, 1);
    this.open.set(key, entry);
    // The TLS layer reports its own errors; this one only keeps an error before it from ending the process.
    socket.on('error', (error) => log.debug(`broken: ${error.message}`));
    socket.once('close', () => {
      leaveStrangers();
      if (this.open.get(key) === entry) this.open.delete(key);
    });
    return entry;
  }

  private countStranger(networks: NetworksOfSource, change: number): void {
    this.strangersInAll += change;
    for (const network of new Set(networks)) {
      const count = this.strangersOf(network) + change;
      if (count <= 0) this.strangers.delete(network);
      else this.strangers.set(network, count);
    }
  }

  private strangersOf(network: string): number {
    return this.strangers.get(network) ?? 0;
  }
}

/** Compares the numbers of the widest networks, and of the next narrower ones where those are alike. */
function isMoreCrowded(crowd: readonly number[], other: readonly number[]): boolean {
  const difference = crowd.map((count, index) => count - (other[index] ?? 0)).find((by) => by !== 0);
  return difference !== undefined && difference > 0;
}

function keyOf(socket: Socket): string {
  return [socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort].join(' ');
}
