import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { parseJson } from '../../base/parse';
import { abortable, within } from '../../base/time';
import { isAbortError } from '../../base/errors';
import { WireError } from '../../protocol/errors';
import {
  parseSignInRequest,
  signOutEverywhere,
  type MorePrompts,
  type SignedIn,
  type SignInRequest,
} from '../../protocol/front-door';
import type { Supervisor } from '../../protocol/supervisor';
import type { FrontDoorLimits } from '../configuration/front-door-limits';
import { readBody, sendError, sendJson, sendNothing } from '../platform/http';
import { readToken, unauthorized } from './authorization';
import type { Connection } from './connections';
import type { SignedInClients } from './signed-in-clients';

/** What signing in and out needs of the rest of the front door. */
export interface SignInContext {
  readonly supervisor: Supervisor;
  readonly clients: SignedInClients;
  readonly limits: FrontDoorLimits;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
}

/** Longer than a second factor by telephone takes; PAM modules have their own, shorter limits. */
const signInTimeoutMs = 120_000;
/** How long the connections of a client that does not take the answer to its sign-out outlive it. */
const signOutAnswerTimeoutMs = 2_000;

/** Answers `POST /sign-in`. Rejects with a {@link WireError} for what is no sign-in request. */
export async function answerSignIn(
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
  context: SignInContext,
): Promise<void> {
  const body = await readSignInRequest(request, context);
  const question = { kind: 'signIn', address: connection.address, ...toQuestion(body) } as const;
  const answer = await within(signInTimeoutMs, 'the sign-in', context.signal, (signal) =>
    context.supervisor.signIn(question, signal),
  );
  switch (answer.kind) {
    case 'signedIn': {
      context.clients.add(answer.token, answer.user, answer.door);
      context.clients.attach(answer.token, request.socket);
      connection.signedIn();
      connection.log.info(`3/4: signed in as ${answer.user}`);
      const { token, user, expiresAt } = answer;
      sendJson(response, 200, { token, user, expiresAt } satisfies SignedIn);
      return;
    }
    case 'more': {
      const { prompts, conversation } = answer;
      sendJson(response, 401, { code: 'more', prompts, conversation } satisfies MorePrompts);
      return;
    }
    case 'refused':
      sendError(response, new WireError('refused', 'the sign-in was not accepted'));
      return;
    case 'wait': {
      const seconds = Math.max(1, Math.ceil(answer.retryAfterMs / 1000));
      const words = `too many attempts; wait ${seconds} s before the next sign-in`;
      sendError(response, new WireError('too-many-attempts', words), { 'retry-after': String(seconds) });
      return;
    }
    case 'unavailable':
      sendError(response, new WireError('agent-unavailable', answer.message), { 'retry-after': '2' });
  }
}

/** Answers `POST /sign-out` and closes the connections of what it ended. Rejects with `unauthorized` without a valid token. */
export async function answerSignOut(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  { source, number }: Connection,
  context: SignInContext,
): Promise<void> {
  const token = readToken(request);
  const isEverywhere = query.has(signOutEverywhere);
  // The user must be known to find all of their connections, also when this is the first request with the token.
  const origin = { source, connection: number };
  if (isEverywhere) await context.clients.find(token, origin).catch(ignoreUnavailable);
  const asker = context.clients.askerOf(token, origin);
  const answer = await context.supervisor.signOut(
    { kind: 'signOut', token, isEverywhere },
    context.signal,
    asker,
  );
  const cutOff = () => context.clients.remove(token, isEverywhere);
  switch (answer.kind) {
    case 'refused':
      context.clients.remove(token, false);
      throw unauthorized();
    case 'unavailable':
      // Something went wrong on the way, yet whoever signs out wants their connections ended.
      afterAnswer(request.socket, response, cutOff);
      throw new WireError('internal', answer.message);
    case 'signedOut':
      afterAnswer(request.socket, response, cutOff);
      sendNothing(response);
  }
}

/**
 * Closes what a client had once it has the answer to its sign-out, the last one on its connection. A client that hung up without waiting, one that does not read, and one
 * whose earlier request on this connection never ends are cut off no less than one that waits for the answer.
 */
function afterAnswer(socket: Socket, response: ServerResponse, cutOff: () => void): void {
  if (socket.destroyed || response.destroyed) {
    cutOff();
    return;
  }
  const late = setTimeout(() => socket.destroy(), signOutAnswerTimeoutMs);
  const end = () => {
    clearTimeout(late);
    cutOff();
  };
  response.once('close', end);
  // An answer that waits for an earlier one on the connection is not told that the connection closed.
  socket.once('close', end);
  response.shouldKeepAlive = false;
}

function ignoreUnavailable(error: unknown): void {
  // Signing out must be possible while the agent is not: only an invalid token ends it here.
  if (!(error instanceof WireError) || error.code !== 'agent-unavailable') throw error;
}

async function readSignInRequest(request: IncomingMessage, context: SignInContext): Promise<SignInRequest> {
  const { signInBodyTimeoutMs, maxSignInBytes } = context.limits;
  const body = await within(signInBodyTimeoutMs, 'the body of the sign-in', context.signal, (signal) =>
    abortable(readBody(request, maxSignInBytes), signal),
  ).catch((error: unknown) => {
    if (isAbortError(error)) throw new WireError('request-timeout', 'the body of the sign-in did not arrive');
    throw error;
  });
  const result = parseJson(body.toString('utf8'), parseSignInRequest);
  // The parser's words could repeat what was sent, and a secret is in it.
  if (!result.ok) throw new WireError('bad-request', 'the body is not a sign-in request');
  return result.value;
}

function toQuestion(body: SignInRequest) {
  const label = body.label === undefined ? {} : { label: body.label };
  if ('code' in body) return { credentials: { code: body.code }, ...label };
  const { username, answers, conversation } = body;
  const credentials = { username, answers, ...(conversation === undefined ? {} : { conversation }) };
  return { credentials, ...label };
}
