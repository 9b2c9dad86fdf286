import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Door } from '../../protocol/supervisor';

/**
 * A connection to an agent by which one request goes after the other, for one sign-in and by one door. It is Node's keep-alive for this one socket:
 * Node chooses among all the connections that an agent of its kind holds, so one that held two could send a request to somebody else's agent.
 */
export class KeptConnection extends Agent {
  private isBegun = false;
  private lastAnswer: IncomingMessage | undefined;

  /** `leave` takes it when an answer has ended, until the next request, or says that there is no place for it. */
  constructor(
    readonly socket: Socket,
    readonly door: Door,
    private readonly token: string,
    private readonly idleMs: number,
    private readonly leave: (connection: KeptConnection) => boolean,
  ) {
    super({ keepAlive: true, maxFreeSockets: 1 });
    // Between two requests, and once the answer is whole, nothing may come: the next one would be given an answer to something else.
    const endUnlessAsked = () => {
      if (this.lastAnswer?.complete === true) socket.destroy();
    };
    socket.on('data', endUnlessAsked).on('end', endUnlessAsked);
    socket.on('error', () => socket.destroy());
  }

  /** Whether a request can still go by it. */
  get isOpen(): boolean {
    const { socket } = this;
    return !socket.destroyed && socket.writable && !socket.readableEnded;
  }

  /** Whether it belongs to this sign-in and leads behind this door, with the key that the door has now. */
  isFor(token: string, door: Door): boolean {
    return this.token === token && this.door.socket === door.socket && this.door.doorKey === door.doorKey;
  }

  /** Notes the answer that is coming. */
  noteAnswer(answer: IncomingMessage): void {
    this.lastAnswer = answer;
  }

  /** Asked for the first request only. Later ones find the socket where the base class keeps it; without it they must not go anywhere else. */
  override createConnection(): Socket {
    if (this.isBegun) throw new Error('the kept connection to the agent is closed');
    this.isBegun = true;
    return this.socket;
  }

  /** Asked when an answer has ended; the base class closes what is not to be kept, and what `setTimeout` reports while it waits. */
  override keepSocketAlive(socket: Socket): boolean {
    if (!this.isOpen || this.lastAnswer?.complete !== true || !this.leave(this)) return false;
    socket.setTimeout(this.idleMs);
    return true;
  }

  override reuseSocket(socket: Socket, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    socket.setTimeout(0);
    this.lastAnswer = undefined;
  }

  /** All go to the same place, whatever the request says. */
  override getName(): string {
    return 'agent';
  }
}

/**
 * Where the connection to an agent waits for the next request of one client's connection: a connection for each costs more than the rest of a
 * small request. It ends with the client's connection, so with a sign-out and with everything else that ends that; after `idleMs` without a
 * request, so that it keeps no agent from ending; and as soon as anything comes on it that is no answer to what was asked. Only requests that can be asked
 * twice go by it, since an agent can close it at the moment when it is used again.
 */
export class KeepingPlace {
  private waiting: KeptConnection | undefined;
  private isEnded = false;

  constructor(private readonly idleMs: number) {}

  /**
   * Takes the connection that waits, by which the next request of this sign-in goes; nobody else finds it from then on. One of another sign-in, to
   * another door, or that was given another key, is closed.
   */
  take(token: string, door: Door): KeptConnection | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting?.isOpen === true && waiting.isFor(token, door)) return waiting;
    waiting?.socket.destroy();
    return undefined;
  }

  /** Makes a fresh connection one that waits here after its answer. It is the caller's until then. */
  keep(socket: Socket, door: Door, token: string): KeptConnection {
    return new KeptConnection(socket, door, token, this.idleMs, (connection) => this.leave(connection));
  }

  /** The client has gone: closes what waits, and keeps nothing any more. */
  end(): void {
    this.isEnded = true;
    this.waiting?.socket.destroy();
    this.waiting = undefined;
  }

  private leave(connection: KeptConnection): boolean {
    if (this.isEnded || this.waiting?.isOpen === true) return false;
    this.waiting = connection;
    return true;
  }
}

/** The places of those clients that have asked something which may go by a kept connection. */
export class KeepingPlaces {
  private readonly all = new WeakMap<Socket, KeepingPlace>();

  constructor(private readonly idleMs: number) {}

  /** That of a client's connection, with which it ends. */
  of(client: Socket): KeepingPlace {
    const known = this.all.get(client);
    if (known !== undefined) return known;
    const place = new KeepingPlace(this.idleMs);
    this.all.set(client, place);
    if (client.destroyed) place.end();
    else client.once('close', () => place.end());
    return place;
  }
}
