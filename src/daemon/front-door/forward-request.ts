import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { WireError } from '../../protocol/errors';
import { beginAgentRequest, connectToAgent, type ForwardingContext } from './agent-connection';
import { endToEndHeaders, framingOf } from './forwarded-headers';

/**
 * Sends a request on to the agent and its answer back, both as streams: neither is held in memory, and a slow reader slows the writer. Resolves
 * when the answer has ended or was broken off. Rejects with a {@link WireError} as long as nothing of the answer was sent.
 */
export async function forwardRequest(
  message: IncomingMessage,
  response: ServerResponse,
  context: ForwardingContext,
): Promise<void> {
  const agent = await connectToAgent(context);
  const onAbort = () => agent.socket.destroy();
  context.signal.addEventListener('abort', onAbort, { once: true });
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
    // What is left of a body that nobody wants cannot be told from the next request.
    if (!message.complete) response.shouldKeepAlive = false;
    sendHead(answer, response);
    await sendBody(answer, response);
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    agent.socket.destroy();
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
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${context.answerTimeoutMs / 1000} s`));
    }, context.answerTimeoutMs);
    outgoing.once('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    outgoing.on('error', (error) => {
      clearTimeout(timer);
      reject(
        new WireError('agent-unavailable', 'your agent on this host broke the request off', undefined, {
          cause: error,
        }),
      );
    });
    outgoing.once('close', () => {
      clearTimeout(timer);
      reject(new WireError('agent-unavailable', 'your agent on this host broke the request off'));
    });
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
