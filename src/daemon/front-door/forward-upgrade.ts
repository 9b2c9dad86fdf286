import { ServerResponse, type ClientRequest, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WireError } from '../../protocol/errors';
import { beginAgentRequest, connectToAgent, type ForwardingContext } from './agent-connection';
import { endToEndHeaders, framingOf } from './forwarded-headers';
import { sendBody, sendHead } from './forward-request';

type UpgradeAnswer =
  | { readonly kind: 'switched'; readonly answer: IncomingMessage; readonly head: Buffer }
  | { readonly kind: 'declined'; readonly answer: IncomingMessage };

/**
 * Sends a WebSocket upgrade on to the agent. Only after its 101 the two connections become a pipe of bytes; any other answer is sent back as
 * an answer. Resolves when both have ended. Rejects with a {@link WireError} as long as nothing of the answer was sent.
 */
export async function forwardUpgrade(
  message: IncomingMessage,
  client: Duplex,
  clientHead: Buffer,
  context: ForwardingContext,
): Promise<void> {
  if (message.headers.upgrade?.toLowerCase() !== 'websocket' || framingOf(message).length > 0)
    throw new WireError('bad-request', 'the only upgrade is to websocket, without a body');
  const agent = await connectToAgent(context);
  const onAbort = () => agent.socket.destroy();
  context.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const outgoing = beginAgentRequest(message, agent, [...endToEndHeaders(message), 'Upgrade', 'websocket']);
    outgoing.end();
    const upgraded = await upgradeAnswerOf(outgoing, context);
    if (upgraded.kind === 'declined') {
      await sendAnswer(message, upgraded.answer, client);
      return;
    }
    client.write(formatSwitch(upgraded.answer));
    if (upgraded.head.length > 0) client.write(upgraded.head);
    if (clientHead.length > 0) agent.socket.write(clientHead);
    await pipeBytes(client, agent.socket, context.answerTimeoutMs);
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    agent.socket.destroy();
  }
}

/** Sends an answer on a connection that asked for an upgrade, and ends the connection. */
export async function sendAnswer(
  message: IncomingMessage,
  answer: IncomingMessage,
  client: Duplex,
): Promise<void> {
  const response = responseOn(message, client);
  sendHead(answer, response);
  await sendBody(answer, response);
  endSoon(client);
}

/** Sends what is written and closes, without waiting for a client that goes on sending what nobody reads. */
function endSoon(client: Duplex): void {
  if (client instanceof Socket) client.destroySoon();
  else client.end(() => client.destroy());
}

/** An ordinary response on a connection that asked for an upgrade: Node makes none for those. It closes the connection. */
export function responseOn(message: IncomingMessage, client: Duplex): ServerResponse {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  // A TLS socket is a net.Socket; the type of Node's event is wider for the sake of injected connections.
  if (client instanceof Socket) response.assignSocket(client);
  response.once('finish', () => endSoon(client));
  return response;
}

function upgradeAnswerOf(outgoing: ClientRequest, context: ForwardingContext): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${context.answerTimeoutMs / 1000} s`));
    }, context.answerTimeoutMs);
    outgoing.once('upgrade', (answer: IncomingMessage, _socket: Duplex, head: Buffer) => {
      clearTimeout(timer);
      resolve({ kind: 'switched', answer, head });
    });
    outgoing.once('response', (answer) => {
      clearTimeout(timer);
      resolve({ kind: 'declined', answer });
    });
    const fail = (error?: Error) => {
      clearTimeout(timer);
      reject(
        new WireError('agent-unavailable', 'your agent on this host broke the request off', undefined, {
          cause: error,
        }),
      );
    };
    outgoing.on('error', fail);
    outgoing.once('close', fail);
  });
}

function formatSwitch(answer: IncomingMessage): string {
  const kept = [...endToEndHeaders(answer), 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let at = 0; at + 1 < kept.length; at += 2) lines.push(`${kept[at] ?? ''}: ${kept[at + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * Pipes both ways until both have closed; a fault of either ends both. Each end is passed on by itself. When one has closed, or has ended and nothing
 * moves for `idleMs`, the other does not stay: nobody would ever end it who wants to keep it. Two of `stream.pipeline` would do it too, at a dozen
 * listeners on each socket, which is more than Node takes for right.
 */
function pipeBytes(client: Duplex, agent: Socket, idleMs: number): Promise<void> {
  if (client instanceof Socket) client.setTimeout(0).setNoDelay(true);
  agent.setTimeout(0);
  return new Promise((resolve) => {
    let open = 2;
    let isEnding = false;
    const ended = () => {
      if (isEnding) return;
      isEnding = true;
      for (const socket of [client, agent])
        if (socket instanceof Socket) socket.setTimeout(idleMs, () => socket.destroy());
    };
    const closed = (one: Duplex, other: Duplex) => {
      // What it said to its end is passed on to the end. Where it was broken off the other one has to see that.
      if (one.readableEnded) endSoon(other);
      else other.destroy();
      open -= 1;
      if (open === 0) resolve();
    };
    for (const [one, other] of [
      [client, agent],
      [agent, client],
    ] as const) {
      one.once('end', ended);
      one.once('close', () => closed(one, other));
      one.on('error', () => one.destroy());
      one.pipe(other);
    }
  });
}
