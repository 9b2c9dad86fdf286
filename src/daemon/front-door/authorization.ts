import type { IncomingMessage } from 'node:http';
import { WireError } from '../../protocol/errors';

/**
 * The token of a request: `Authorization: Bearer …`, or `token …` as Jupyter clients write it. Throws a {@link WireError} when there is none
 * or when it has not the shape of one.
 */
export function readToken(request: Pick<IncomingMessage, 'headers'>): string {
  const token = /^(?:bearer|token) +([A-Za-z0-9_-]{43})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw unauthorized();
  return token;
}

/** The one answer to a missing, malformed, unknown or expired token. */
export function unauthorized(): WireError {
  return new WireError('unauthorized', 'sign in first: this needs a valid token in the Authorization header');
}

/**
 * Refuses a token in the address, where it would end in histories and logs, even if the request is authorized otherwise: whoever sent it has
 * to learn it.
 */
export function refuseTokenInUrl(query: URLSearchParams): void {
  for (const key of query.keys()) {
    if (key.toLowerCase() === 'token')
      throw new WireError(
        'token-in-url',
        'a token does not belong into an address; send it in the Authorization header, and sign out the one that was sent',
      );
  }
}
