import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * What the network does: `pass` hands everything on; `pause` keeps connections and carries nothing, as a cable pulled out; `drop` closes those
 * that there are and silently swallows what new ones send; `reset` answers every connection, old or new, with a reset; `refuse` does not listen.
 */
export type NetworkState = 'pass' | 'pause' | 'drop' | 'reset' | 'refuse';

/** A network between a client and a server on loopback that a test can cut. */
export interface Cutter {
  /** Where clients connect; the same for the life of the cutter. */
  readonly port: number;
  /** How many bytes went from clients to the server. */
  readonly bytesToServer: number;
  /** How many connections clients have opened. */
  readonly connectionCount: number;
  /** Changes what the network does, for connections that are open and for those to come. */
  set(state: NetworkState): Promise<void>;
  /** Every piece of data arrives that much later, in each direction; 0 for none. */
  delay(timeMs: number): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket | undefined;
}

/** Starts a cutter in front of a port of 127.0.0.1. It ends with the test. */
export async function startCutter(t: Pick<TestContext, 'after'>, targetPort: number): Promise<Cutter> {
  const cutter = new TcpCutter(targetPort);
  await cutter.listen(0);
  t.after(() => cutter.end());
  return cutter;
}

class TcpCutter implements Cutter {
  port = 0;
  bytesToServer = 0;
  connectionCount = 0;
  private state: NetworkState = 'pass';
  private delayMs = 0;
  private listener: Server | undefined;
  private readonly pairs = new Set<Pair>();

  constructor(private readonly targetPort: number) {}

  async listen(port: number): Promise<void> {
    const listener = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    this.port = (listener.address() as AddressInfo).port;
    this.listener = listener;
  }

  async set(state: NetworkState): Promise<void> {
    this.state = state;
    if (state === 'refuse') await this.close();
    else if (this.listener === undefined) await this.listen(this.port);
    for (const { client, server } of this.pairs) {
      if (state === 'reset') client.resetAndDestroy();
      else if (state === 'drop' || state === 'refuse') client.destroy();
      else if (state === 'pause') [client, server].forEach((socket) => socket?.pause());
      else [client, server].forEach((socket) => socket?.resume());
      if (state === 'reset' || state === 'drop' || state === 'refuse') server?.destroy();
    }
  }

  delay(timeMs: number): void {
    this.delayMs = timeMs;
  }

  async end(): Promise<void> {
    await this.close();
    for (const { client, server } of this.pairs) {
      client.destroy();
      server?.destroy();
    }
  }

  private async close(): Promise<void> {
    const listener = this.listener;
    this.listener = undefined;
    if (listener === undefined) return;
    // `close` waits for the connections, which end or stay as the state says; no further one is accepted from here on.
    listener.close();
    await Promise.resolve();
  }

  private accept(client: Socket): void {
    this.connectionCount += 1;
    client.setNoDelay(true);
    if (this.state === 'reset') {
      client.resetAndDestroy();
      return;
    }
    if (this.state === 'drop') {
      const pair = this.remember(client, undefined);
      client.on('data', () => undefined);
      client.on('close', () => this.pairs.delete(pair));
      return;
    }
    const server = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    server.setNoDelay(true);
    const pair = this.remember(client, server);
    this.carry(client, server, pair, (sizeBytes) => (this.bytesToServer += sizeBytes));
    this.carry(server, client, pair, () => undefined);
    if (this.state === 'pause') [client, server].forEach((socket) => socket.pause());
  }

  private remember(client: Socket, server: Socket | undefined): Pair {
    const pair = { client, server };
    this.pairs.add(pair);
    client.on('error', () => client.destroy());
    server?.on('error', () => client.resetAndDestroy());
    return pair;
  }

  private carry(from: Socket, to: Socket, pair: Pair, count: (sizeBytes: number) => void): void {
    const later = (action: () => void) => {
      if (this.delayMs > 0) setTimeout(action, this.delayMs);
      else action();
    };
    from.on('data', (chunk: Buffer) => {
      count(chunk.length);
      later(() => {
        if (to.destroyed || to.write(chunk)) return;
        from.pause();
        to.once('drain', () => {
          if (this.state !== 'pause') from.resume();
        });
      });
    });
    from.on('end', () => later(() => to.end()));
    from.on('close', () => {
      this.pairs.delete(pair);
      later(() => to.destroy());
    });
  }
}
