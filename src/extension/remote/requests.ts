import { toError } from '../../base/errors';
import type { HttpConnection } from '../../base/http-connection';
import { parseJson, type Parser } from '../../base/parse';
import { isWireErrorCode, parseErrorBody, WireError, type ErrorDetail } from '../../protocol/errors';
import { LostConnectionError } from './lost-connection-error';

/** The largest JSON answer that is taken from a host. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** An error of a newer minor version: its code is not in the table of this one, its sentence is. */
export class UnknownWireError extends WireError {
  constructor(
    /** The code as the host sent it. */
    readonly unknownCode: string,
    message: string,
    detail: ErrorDetail | undefined,
    private readonly answeredStatus: number,
  ) {
    super('internal', message, detail);
  }

  override get status(): number {
    return this.answeredStatus;
  }
}

/** What a request to an agent is made of. */
export interface AgentRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/**
 * Sends a request. Rejects with {@link WireError} for what the agent refuses, {@link LostConnectionError} when it could not be reached, and the
 * signal's reason.
 */
export async function send(http: HttpConnection, request: AgentRequest): Promise<Response> {
  const { method = 'GET', path, body, signal } = request;
  let response: Response;
  try {
    response = await http.fetch(http.baseUrl + path, {
      method,
      signal,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  } catch (error) {
    throw toRequestError(error, signal);
  }
  if (!response.ok) throw await readWireError(response);
  return response;
}

/** Sends a request and reads its JSON answer. Rejects like {@link send}. */
export async function sendForJson<T>(
  http: HttpConnection,
  request: AgentRequest,
  parser: Parser<T>,
): Promise<T> {
  const response = await send(http, request);
  const result = parseJson(await readText(response, maxAnswerBytes, request.signal), parser);
  if (!result.ok)
    throw new WireError('internal', `the host answered what we cannot read: ${result.error.message}`);
  return result.value;
}

/** Reads a body as text, at most that many bytes. */
export async function readText(response: Response, maxBytes: number, signal: AbortSignal): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return Buffer.concat(chunks).toString('utf8');
      sizeBytes += value.byteLength;
      if (sizeBytes > maxBytes) {
        await reader.cancel();
        throw new WireError('too-large', `the host's answer is larger than ${maxBytes} bytes`);
      }
      chunks.push(value);
    }
  } catch (error) {
    throw error instanceof WireError ? error : toRequestError(error, signal);
  }
}

/** The host's refusal as an error. */
export async function readWireError(response: Response): Promise<WireError> {
  const text = await response.text().catch(() => '');
  const body = parseJson(text, parseErrorBody);
  if (!body.ok) {
    const code =
      response.status === 404 ? 'not-found' : response.status === 401 ? 'unauthorized' : 'internal';
    return new WireError(code, `the host answered ${response.status}`);
  }
  const { code, message, detail } = body.value;
  return isWireErrorCode(code)
    ? new WireError(code, message, detail)
    : new UnknownWireError(code, message, detail, response.status);
}

/** Whoever asked to stop hears that; everything else below HTTP is a lost connection. */
function toRequestError(error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return toError(signal.reason);
  const reason = toError(error);
  const cause = reason.cause === undefined ? '' : `: ${toError(reason.cause).message}`;
  return new LostConnectionError(`the host could not be reached: ${reason.message}${cause}`, {
    cause: error,
  });
}
