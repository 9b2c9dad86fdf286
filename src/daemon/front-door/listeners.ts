import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { systemErrorCode, toError } from '../../base/errors';

/** Where to listen. */
export interface ListenAddress {
  /** An IP address, `0.0.0.0` or `::` for all of a family. */
  readonly host: string;
  /** Whether it may be left out where the machine has no such address: `::1` where IPv6 is switched off. */
  readonly isOptional: boolean;
}

/** The sockets that listen, all on one port. */
export interface Listeners {
  readonly port: number;
  /** The addresses that are listened on. */
  readonly hosts: readonly string[];
  /** Stops accepting. Connections that are open stay. */
  close(): void;
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

/**
 * Listens on all addresses, on the same port; port 0 takes one that is free on all of them. Each IPv6 address is for IPv6 only, so that the
 * two families are asked for and named one by one. Rejects with a {@link PortInUseError}, or with the system's error for an address that this
 * machine does not have.
 */
export async function listenOnAll(
  addresses: readonly ListenAddress[],
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<Listeners> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await listenOnce(addresses, port, onConnection);
    } catch (error) {
      if (port !== 0 || !(error instanceof PortInUseError) || tries >= maxPortTries) throw error;
    }
  }
}

async function listenOnce(
  addresses: readonly ListenAddress[],
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<Listeners> {
  const servers: Server[] = [];
  const hosts: string[] = [];
  let chosenPort = port;
  const close = () => {
    for (const server of servers) server.close();
  };
  try {
    for (const { host, isOptional } of addresses) {
      const server = await listen(host, chosenPort, onConnection, isOptional);
      if (server === undefined) continue;
      servers.push(server);
      hosts.push(host);
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') chosenPort = bound.port;
    }
  } catch (error) {
    close();
    throw error;
  }
  if (servers.length === 0) throw new Error('this machine has none of the addresses to listen on');
  return { port: chosenPort, hosts, close };
}

function listen(
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
    server.once('error', (error) => {
      const code = systemErrorCode(error);
      if (isOptional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) resolve(undefined);
      else if (code === 'EADDRINUSE') reject(new PortInUseError(port, host));
      else reject(toError(error));
    });
    server.listen({ host, port, ipv6Only: isIPv6(host), backlog: 128 }, () => resolve(server));
  });
}
