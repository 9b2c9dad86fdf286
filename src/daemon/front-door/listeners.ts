import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Disposable } from '../../base/disposable';
import { systemErrorCode, toError } from '../../base/errors';
import { Sequence } from '../../base/sequence';
import { isSameAddress, planListeners, type BoundAddress, type ListenAddress } from './listen-plan';

/** Where somebody listens: on one port, at these addresses, in the order in which they were asked for. */
export interface ListeningPlace {
  readonly port: number;
  readonly hosts: readonly string[];
}

/** The port is taken by another program. */
export class PortInUseError extends Error {
  constructor(
    readonly port: number,
    readonly host: string,
  ) {
    super(`port ${port} on ${host} is in use by another program`);
    this.name = 'PortInUseError';
  }
}

/** How often a free port is looked for when the one that one address got is taken on another. */
const maxPortTries = 20;

interface Listener extends BoundAddress {
  readonly server: Server;
}

/**
 * The sockets that listen, all on one port. Each IPv6 address is for IPv6 only, so that the two families are asked for and named one by one.
 * Disposing stops accepting; connections that are open stay.
 */
export class Listeners implements Disposable {
  private readonly work = new Sequence();
  private open: readonly Listener[] = [];
  private isDisposed = false;

  constructor(private readonly onConnection: (socket: Socket) => void) {}

  /**
   * Listens on these addresses and this port, and no longer elsewhere; port 0 takes one that is free on all of them. What listens already goes on
   * without an interruption, and what is not wanted any more is closed when all the others are there, if the system lets them beside each other.
   *
   * Rejects with a {@link PortInUseError}, or with the system's error for an address that this machine does not have. Then the sockets are those from
   * before, without any that had to make room; to have those back listen there again.
   */
  listen(addresses: readonly ListenAddress[], port: number): Promise<ListeningPlace> {
    return this.work.run(async () => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await this.listenOnce(addresses, port);
        } catch (error) {
          if (port !== 0 || !(error instanceof PortInUseError) || tries >= maxPortTries) throw error;
        }
      }
    });
  }

  dispose(): void {
    this.isDisposed = true;
    this.keep([]);
  }

  private async listenOnce(addresses: readonly ListenAddress[], port: number): Promise<ListeningPlace> {
    const plan = planListeners(this.open, addresses, port);
    const opened: Listener[] = [];
    try {
      await this.openAll(plan.beside, port, opened);
      this.keep([...plan.stay, ...plan.last]);
      await this.openAll(plan.instead, port, opened);
      const [first] = [...plan.stay, ...opened];
      if (first === undefined) throw new Error('this machine has none of the addresses to listen on');
      this.open = [...this.open, ...opened];
      this.keep([...plan.stay, ...opened]);
      const hosts = addresses.flatMap(({ host }) => (this.isOpen(host) ? [host] : []));
      return { port: first.port, hosts };
    } catch (error) {
      for (const { server } of opened) server.close();
      throw error;
    }
  }

  private isOpen(host: string): boolean {
    return this.open.some((listener) => isSameAddress(listener.host, host));
  }

  private async openAll(
    addresses: readonly ListenAddress[],
    port: number,
    opened: Listener[],
  ): Promise<void> {
    for (const { host, isOptional } of addresses) {
      const server = await openServer(host, opened[0]?.port ?? port, this.onConnection, isOptional);
      if (server === undefined) continue;
      const bound = server.address();
      const boundPort = bound !== null && typeof bound === 'object' ? bound.port : port;
      opened.push({ host, port: boundPort, server });
      if (this.isDisposed) throw new Error('nothing is to listen any more');
    }
  }

  /** Closes all the others. */
  private keep(kept: readonly Listener[]): void {
    for (const listener of this.open) if (!kept.includes(listener)) listener.server.close();
    this.open = kept;
  }
}

function openServer(
  host: string,
  port: number,
  onConnection: (socket: Socket) => void,
  isOptional: boolean,
): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
      onConnection,
    );
    // Also later, for each connection that could not be accepted: the socket goes on to listen.
    server.on('error', (error) => {
      const code = systemErrorCode(error);
      if (isOptional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) resolve(undefined);
      else if (code === 'EADDRINUSE') reject(new PortInUseError(port, host));
      else reject(toError(error));
    });
    server.listen({ host, port, ipv6Only: isIPv6(host), backlog: 128 }, () => resolve(server));
  });
}
