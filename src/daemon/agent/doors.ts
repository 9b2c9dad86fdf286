import { timingSafeEqual } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import { isAbsolute, join } from 'node:path';
import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { Sequence } from '../../base/sequence';
import { headers, type DoorRequest, type EnvironmentRule } from '../../protocol/agent';
import { WireError } from '../../protocol/errors';
import { kindOfFile } from '../platform/kind-of-file';
import { keepMemoryPrivate } from '../platform/process-privacy';
import { listenReplaceably, type OwnSocket } from '../platform/sockets';
import type { Entrance } from './http/router';

interface Door {
  readonly socket: string;
  /** The file at that path, as long as no other agent has put its own there. */
  readonly own: OwnSocket;
  readonly server: Server;
  request: DoorRequest;
}

/** Makes the server of a door, with what decides who may come in by it. */
export type DoorServerFactory = (
  admit: (request: IncomingMessage) => void,
  entrance: () => Entrance,
) => Server;

/**
 * The doors by which front doors reach this agent. Each is a socket in a folder that a front door's group can enter, so every request on it must
 * carry the door key, which the front door learns only by a sign-in of this agent's user.
 */
export class Doors implements Disposable {
  private readonly doors = new Map<string, Door>();
  private readonly openings = new Sequence();
  private areKeysPrivate = false;

  constructor(
    private readonly createServer: DoorServerFactory,
    private readonly logger: Logger,
  ) {}

  /** The front door that was named last; what the private socket says of it. */
  get latestFrontDoor(): DoorRequest['frontDoor'] | undefined {
    return [...this.doors.values()].at(-1)?.request.frontDoor;
  }

  /**
   * What the user may do with environments, whatever way they come: the strictest that a supervisor behind an open door has said; `undefined`
   * when none has said anything.
   */
  get environmentRule(): EnvironmentRule | undefined {
    const rules = [...this.doors.values()].map(({ request }) => request.environments);
    return rules.includes('list') ? 'list' : rules.find((rule) => rule !== undefined);
  }

  /** Opens a door, or gives the one in this folder a fresh key. Resolves with the socket's path. Throws {@link WireError} for a folder that is no place for one. */
  open(request: DoorRequest): Promise<string> {
    return this.openings.run(async () => {
      const { gid } = await checkDoorFolder(request.folder);
      // The front door is another user then, and the key is between the two.
      if (gid !== process.getgid?.()) this.keepKeysPrivate();
      const known = this.doors.get(request.folder);
      if (known !== undefined && (await known.own.isStillOurs())) {
        known.request = request;
        // The last one named comes last, also when it was opened before others.
        this.doors.delete(request.folder);
        this.doors.set(request.folder, known);
        return known.socket;
      }
      known?.server.close();
      return (await this.create(request)).socket;
    });
  }

  /** Closes the doors. What another agent has put in the place of one of them stays. */
  dispose(): void {
    for (const { server, own, socket } of this.doors.values()) {
      server.close();
      own
        .remove()
        .catch((error: unknown) => this.logger.warn(`${socket} was left behind: ${toError(error).message}`));
    }
    this.doors.clear();
  }

  private keepKeysPrivate(): void {
    if (process.platform !== 'linux' || this.areKeysPrivate) return;
    try {
      keepMemoryPrivate();
      this.areKeysPrivate = true;
    } catch (error) {
      this.logger.warn(`a core file of this agent would hold door keys: ${toError(error).message}`);
    }
  }

  private async listen(server: Server, socket: string): Promise<OwnSocket> {
    try {
      await checkDoorPlace(socket);
      return await listenReplaceably(server, socket, 0o660);
    } catch (error) {
      const { message } = toError(error);
      this.logger.error(`no door was opened: ${message}`);
      if (error instanceof WireError) throw error;
      // It is the user's own folder and agent: they may read what the system says.
      throw new WireError('bad-request', `the door cannot be opened: ${message}`, undefined, {
        cause: error,
      });
    }
  }

  private async create(request: DoorRequest): Promise<Door> {
    const socket = join(request.folder, 'agent.sock');
    const named = { request };
    const server = this.createServer(
      (incoming) => checkDoorKey(incoming, named.request.doorKey),
      () => ({ kind: 'door', frontDoor: named.request.frontDoor }),
    );
    const own = await this.listen(server, socket);
    const door: Door = Object.assign(named, { socket, server, own });
    this.doors.set(request.folder, door);
    this.logger.info(`opened a door in ${request.folder}`);
    return door;
  }
}

/** Throws {@link WireError} `bad-request` when something stands where the socket of a door goes that is no socket: it is never removed unasked. */
async function checkDoorPlace(socket: string): Promise<void> {
  const found = await lstat(socket).catch(() => undefined);
  if (found === undefined || found.isSocket()) return;
  throw new WireError(
    'bad-request',
    `the door cannot be opened: ${socket} is ${kindOfFile(found)}, and the agent needs this place for its socket; remove it with: rm -r ${socket}`,
  );
}

/** Throws {@link WireError} `door-key-required` unless the request carries exactly this key. Takes the same time for every wrong key. */
export function checkDoorKey(request: IncomingMessage, doorKey: string): void {
  const given = Buffer.from(String(request.headers[headers.doorKey] ?? ''));
  const expected = Buffer.from(doorKey);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new WireError('door-key-required', 'this door opens only with its key');
}

/** Gives what the system says of it. A folder of this user's own, and not a link to some other place: the front door will open this very path. */
async function checkDoorFolder(folder: string): Promise<Stats> {
  if (!isAbsolute(folder)) throw new WireError('bad-request', 'the folder of a door is an absolute path');
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) throw new WireError('folder-not-found', `there is no folder ${folder}`);
  if (!found.isDirectory()) throw new WireError('bad-request', `${folder} is not a folder of its own`);
  if (process.getuid !== undefined && found.uid !== process.getuid())
    throw new WireError('bad-request', `${folder} belongs to another user`);
  if ((found.mode & 0o002) !== 0) throw new WireError('bad-request', `${folder} can be changed by everybody`);
  return found;
}
