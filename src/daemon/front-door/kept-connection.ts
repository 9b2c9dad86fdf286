import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Door } from '../../protocol/supervisor';

/**
 * Of one client's connection the one to their agent, kept for a moment for the client's next request: a connection for each costs more than the rest of a
 * small request. It ends with the client's connection, so with a sign-out and with everything else that ends that; after `idleMs` without a
 * request, so that it keeps no agent from ending; and as soon as anything comes on it that is no answer to what was asked. Only requests that can be asked
 * twice go by it, since an agent can close it at the moment when it is used again. `destroy` ends it.
 */
export class KeptConnection extends Agent {
  private prepared: Socket | undefined;
  private readonly doors = new WeakMap<Duplex, Door>();
  private readonly lastAnswers = new WeakMap<Duplex, IncomingMessage>();

  constructor(private readonly idleMs: number) {
    super({ keepAlive: true, maxFreeSockets: 1 });
  }

  /** The connection that waits behind this door, by which the next request goes. One to another door, or that was given another key, is closed. */
  waiting(door: Door): Socket | undefined {
    for (const socket of Object.values(this.freeSockets).flatMap((sockets) => sockets ?? [])) {
      const known = this.doors.get(socket);
      if (known?.socket === door.socket && known.doorKey === door.doorKey && isOpen(socket)) return socket;
      socket.destroy();
    }
    return undefined;
  }

  /** Takes a fresh connection, by which the next request goes; its owner is the request from then on. */
  prepare(socket: Socket, door: Door): void {
    this.doors.set(socket, door);
    this.prepared = socket;
    // Between two requests, and once the answer is whole, nothing may come: the next one would be given an answer to something else.
    const endUnlessAsked = () => {
      if (this.lastAnswers.get(socket)?.complete === true) socket.destroy();
    };
    socket.on('data', endUnlessAsked).on('end', endUnlessAsked);
    socket.on('error', () => socket.destroy());
  }

  /** Notes the answer that is coming on a connection. */
  noteAnswer(socket: Socket, answer: IncomingMessage): void {
    this.lastAnswers.set(socket, answer);
  }

  override createConnection(): Socket | undefined {
    const { prepared } = this;
    this.prepared = undefined;
    return prepared;
  }

  /** Asked when an answer has ended; the base class closes what is not to be kept, and what `setTimeout` reports while it waits. */
  override keepSocketAlive(socket: Socket): boolean {
    if (!isOpen(socket) || this.lastAnswers.get(socket)?.complete !== true) return false;
    socket.setTimeout(this.idleMs);
    return true;
  }

  override reuseSocket(socket: Socket, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    socket.setTimeout(0);
    this.lastAnswers.delete(socket);
  }

  /** All go to the same place, whatever the request says. */
  override getName(): string {
    return 'agent';
  }
}

/** The kept connections of those clients that have asked something which may go by one. */
export class KeptConnections {
  private readonly all = new WeakMap<Socket, KeptConnection>();

  constructor(private readonly idleMs: number) {}

  /** That of a client's connection, with which it ends. */
  of(client: Socket): KeptConnection {
    const known = this.all.get(client);
    if (known !== undefined) return known;
    const kept = new KeptConnection(this.idleMs);
    this.all.set(client, kept);
    client.once('close', () => kept.destroy());
    return kept;
  }
}

function isOpen(socket: Socket): boolean {
  return !socket.destroyed && socket.writable && !socket.readableEnded;
}
