import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { within } from '../../base/time';
import { toError } from '../../base/errors';
import { headers } from '../../protocol/agent';
import { WireError } from '../../protocol/errors';
import type { Door } from '../../protocol/supervisor';
import { connectTo } from '../platform/sockets';
import { KeptConnection, type KeepingPlace } from './kept-connection';

/** What forwarding needs of the rest of the front door. */
export interface ForwardingContext {
  /** The way to the user's agent; `isFresh` asks the supervisor again, which starts an agent that has gone. */
  readonly findDoor: (isFresh: boolean) => Promise<Door>;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
  /** Of the sign-in that the request belongs to. */
  readonly token: string;
  /** Where the connection to the agent waits for the next request of the same client's connection. */
  readonly keepingPlace: () => KeepingPlace;
  /** Aborts when the client has gone or the daemon ends. */
  readonly signal: AbortSignal;
}

/** An agent, and a connection to it by this door. */
export interface ConnectedAgent {
  readonly door: Door;
  readonly socket: Socket;
}

/** What may wait for an agent to read it. A record of TLS is 16 KiB: with room for one only, every record of an upload would stop and start the client. */
const agentBufferBytes = 256 * 1024;

/**
 * Connects to the agent. If nobody accepts behind the known door, the supervisor is asked once more, and the connection tried once more: nothing
 * of the request has been sent yet, so nothing can happen twice. Rejects with a {@link WireError} `agent-unavailable`.
 */
export async function connectToAgent(context: ForwardingContext): Promise<ConnectedAgent> {
  const connect = async (door: Door) => ({
    door,
    socket: await within(context.connectTimeoutMs, 'the agent', context.signal, (signal) =>
      connectTo(door.socket, signal, { highWaterMark: agentBufferBytes }),
    ),
  });
  const known = await context.findDoor(false);
  try {
    return await connect(known);
  } catch (first) {
    if (context.signal.aborted) throw toError(first);
    const fresh = await context.findDoor(true);
    return await connect(fresh).catch((error: unknown) => {
      throw new WireError('agent-unavailable', 'your agent on this host does not answer', undefined, {
        cause: error,
      });
    });
  }
}

/**
 * Begins a request on the connected socket with the client's headers and the door key. The caller sends the body. A socket that is not of a kept
 * connection is closed after the answer. No request ever waits for another.
 */
export function beginAgentRequest(
  message: IncomingMessage,
  agent: ConnectedAgent | KeptConnection,
  forwardedHeaders: readonly string[],
): ClientRequest {
  const isKept = agent instanceof KeptConnection;
  const connection = message.headers.upgrade === undefined ? 'close' : 'Upgrade';
  return request({
    method: message.method ?? 'GET',
    path: message.url ?? '/',
    headers: [
      ...forwardedHeaders,
      headers.doorKey,
      agent.door.doorKey,
      'Connection',
      isKept ? 'keep-alive' : connection,
    ],
    ...(isKept ? { agent } : { createConnection: () => agent.socket }),
  });
}
