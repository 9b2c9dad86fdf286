import { isAbortError, systemErrorCode, toError } from '../../base/errors';
import { ConnectionError, type ConnectionErrorCode, type ConnectionErrorFacts } from './transport';

/** What the errors of the system say about a connection (errno(3), getaddrinfo(3)). */
const systemCodes: Readonly<Record<string, ConnectionErrorCode>> = {
  ENOTFOUND: 'name-not-found',
  EAI_AGAIN: 'name-not-found',
  EAI_NONAME: 'name-not-found',
  EAI_NODATA: 'name-not-found',
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EINVAL: 'unreachable',
  ENOENT: 'agent-unavailable',
  EACCES: 'agent-unavailable',
  ETIMEDOUT: 'no-answer',
  ECONNRESET: 'no-answer',
  ECONNABORTED: 'no-answer',
  EPIPE: 'no-answer',
  UND_ERR_SOCKET: 'no-answer',
  UND_ERR_HEADERS_TIMEOUT: 'no-answer',
  UND_ERR_BODY_TIMEOUT: 'no-answer',
  UND_ERR_CONNECT_TIMEOUT: 'no-answer',
  EPROTO: 'not-a-daemon',
};

/**
 * The reason why there is no connection, from whatever was thrown: clients wrap what happened below them, so the chain of causes is searched.
 * When the person's own signal ended the wait it is `cancelled`.
 */
export function toConnectionError(
  thrown: unknown,
  facts: ConnectionErrorFacts = {},
  signal?: AbortSignal,
): ConnectionError {
  const chain = causesOf(thrown);
  const known = chain.find((error) => error instanceof ConnectionError);
  if (known !== undefined) return known;
  if (signal?.aborted === true)
    return new ConnectionError('cancelled', 'cancelled', facts, { cause: thrown });
  const message = chain.map((error) => error.message).join(': ');
  return new ConnectionError(codeOf(chain), message, facts, { cause: thrown });
}

function codeOf(chain: readonly Error[]): ConnectionErrorCode {
  for (const error of chain) {
    if (error.name === 'HTTPParserError') return 'not-a-daemon';
    const code = systemErrorCode(error);
    if (code === undefined) continue;
    const known = systemCodes[code];
    if (known !== undefined) return known;
    if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('HPE_'))
      return 'not-a-daemon';
  }
  return chain.some(isAbortError) ? 'no-answer' : 'internal';
}

/** The error and what caused it, the outermost first. */
function causesOf(thrown: unknown): Error[] {
  const chain: Error[] = [];
  let current: unknown = thrown;
  while (current !== undefined && chain.length < 8) {
    const error = toError(current);
    chain.push(error);
    current = error.cause;
  }
  return chain;
}

/** Of several failures, the one that tells a person most: a wrong key outranks a wrong program, and that outranks silence. */
export function mostTelling(errors: readonly ConnectionError[]): ConnectionError | undefined {
  const rank = (error: ConnectionError) => {
    const place = telling.indexOf(error.code);
    return place < 0 ? telling.length : place;
  };
  return [...errors].sort((one, other) => rank(one) - rank(other))[0];
}

const telling: readonly ConnectionErrorCode[] = [
  'cancelled',
  'key-changed',
  'not-a-daemon',
  'no-answer',
  'unreachable',
  'name-not-found',
];
