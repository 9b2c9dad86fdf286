import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { systemErrorCode } from '../../base/errors';
import { WireError } from '../../protocol/errors';
import {
  beginAgentRequest,
  connectToAgent,
  type ConnectedAgent,
  type ForwardingContext,
} from './agent-connection';
import { endToEndHeaders, framingOf } from './forwarded-headers';
import { KeptConnection } from './kept-connection';

/** Without effect and without a body: asked again they do no harm (RFC 9110 §9.2.1). */
const repeatableMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Sends a request on to the agent and its answer back, both as streams: neither is held in memory, and a slow reader slows the writer. Resolves
 * when the answer has ended or was broken off. Rejects with a {@link WireError} as long as nothing of the answer was sent.
 *
 * A request that can be repeated goes by the connection kept for this client, and again by a fresh one where that turns out to be closed. Every other one
 * has a connection of its own, so that nothing can happen twice.
 */
export async function forwardRequest(
  message: IncomingMessage,
  response: ServerResponse,
  context: ForwardingContext,
): Promise<void> {
  const isRepeatable = framingOf(message).length === 0 && repeatableMethods.has(message.method ?? '');
  const place = isRepeatable && response.shouldKeepAlive ? context.keepingPlace() : undefined;
  if (place !== undefined) {
    const door = await context.findDoor(false);
    const kept = context.signal.aborted ? undefined : place.take(context.token, door);
    if (kept !== undefined && !(await wasClosed(message, response, kept, context))) return;
  }
  const agent = await connectToAgent(context);
  const fresh = place === undefined ? agent : place.keep(agent.socket, agent.door, context.token);
  await exchange(message, response, fresh, context);
}

/** Whether the kept connection was closed before anything of the answer came; all else is as {@link exchange} says. */
async function wasClosed(
  message: IncomingMessage,
  response: ServerResponse,
  kept: KeptConnection,
  context: ForwardingContext,
): Promise<boolean> {
  const { socket } = kept;
  const readBefore = socket.bytesRead;
  try {
    await exchange(message, response, kept, context);
    return false;
  } catch (error) {
    const code = error instanceof WireError ? systemErrorCode(error.cause) : undefined;
    const isClosed = code === 'ECONNRESET' || code === 'EPIPE';
    if (isClosed && socket.bytesRead === readBefore && !context.signal.aborted) return true;
    throw error;
  }
}

async function exchange(
  message: IncomingMessage,
  response: ServerResponse,
  agent: ConnectedAgent | KeptConnection,
  context: ForwardingContext,
): Promise<void> {
  const { socket } = agent;
  const kept = agent instanceof KeptConnection ? agent : undefined;
  const onAbort = () => socket.destroy();
  context.signal.addEventListener('abort', onAbort, { once: true });
  let isHandedBack = false as boolean;
  try {
    const framing = framingOf(message);
    const outgoing = beginAgentRequest(message, agent, [...endToEndHeaders(message), ...framing]);
    const answered = answerOf(outgoing, context);
    if (framing.length > 0) sendRequestBody(message, outgoing);
    else {
      outgoing.end();
      message.resume();
    }
    const answer = await answered;
    kept?.noteAnswer(answer);
    answer.once('end', () => {
      // From here on a kept connection can be another request's, which the end of this client's answer must not break off.
      isHandedBack = kept !== undefined && outgoing.shouldKeepAlive && outgoing.writableFinished;
      if (isHandedBack) context.signal.removeEventListener('abort', onAbort);
    });
    // What is left of a body that nobody wants cannot be told from the next request.
    if (!message.complete) response.shouldKeepAlive = false;
    sendHead(answer, response);
    await sendBody(answer, response);
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    if (!isHandedBack) socket.destroy();
  }
}

/**
 * Pipes the body. The agent may answer before it has read all of it, and close: that answer counts, not the broken pipe, so a fault on the
 * agent's side must not take the client's connection with it, as `stream.pipeline` would.
 */
function sendRequestBody(message: IncomingMessage, outgoing: ClientRequest): void {
  message.pipe(outgoing);
  message.once('error', (error) => outgoing.destroy(error));
  outgoing.once('close', () => {
    message.unpipe(outgoing);
    message.resume();
  });
}

/** The head of the agent's answer. */
export function answerOf(outgoing: ClientRequest, context: ForwardingContext): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${context.answerTimeoutMs / 1000} s`));
    }, context.answerTimeoutMs);
    outgoing.once('response', (answer) => {
      isSettled = true;
      clearTimeout(timer);
      resolve(answer);
    });
    // An error costs its stack: it is made only where there was no answer.
    const fail = (cause?: Error) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      const words = 'your agent on this host broke the request off';
      reject(new WireError('agent-unavailable', words, undefined, { cause }));
    };
    outgoing.on('error', fail);
    outgoing.once('close', () => fail());
  });
}

/** Makes the head of the agent's answer that of the client's; {@link sendBody} sends it. */
export function sendHead(answer: IncomingMessage, response: ServerResponse): void {
  const isWithoutBody = answer.statusCode === 204 || answer.statusCode === 304;
  response.sendDate = false;
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', [
    ...endToEndHeaders(answer),
    ...(isWithoutBody ? [] : framingOf(answer)),
  ]);
}

/** Sends head and body; an answer that the agent breaks off is broken off here too, so that nobody takes it for complete. */
export function sendBody(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    // A stream of events may say nothing for long, and its head has to be there before. What is there goes with the head: one record, one packet.
    const early = setImmediate(() => response.flushHeaders());
    answer.once('data', () => clearImmediate(early));
    // Not `stream.pipeline`, which makes and aborts a signal for each answer, at the price of a fifth of a small request.
    answer.once('error', (error) => {
      response.destroy(error);
      resolve();
    });
    response.once('close', () => {
      clearImmediate(early);
      resolve();
    });
    answer.pipe(response);
  });
}
