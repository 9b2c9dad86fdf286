import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson, type Parser } from '../../base/parse';
import { toError } from '../../base/errors';
import { WireError, type ErrorBody } from '../../protocol/errors';

/** The path and query of a request. Throws {@link WireError} `bad-request` for what is no address. */
export function readTarget(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const target = request.url ?? '/';
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  if (!path.startsWith('/') || path.includes('\0'))
    throw new WireError('bad-request', 'the address of this request is not a path');
  return { path, query: new URLSearchParams(question < 0 ? '' : target.slice(question + 1)) };
}

/** Splits a path into its decoded segments: `/a/b%20c` gives `['a', 'b c']`. */
export function readSegments(path: string): string[] {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    // decodeURIComponent throws on a malformed escape, and only then.
    throw new WireError('bad-request', 'the address of this request is not well-formed');
  }
}

/** Reads a body of at most that many bytes. Throws `too-large`; a client that goes away rejects with its error. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > maxBytes) {
      reject(new WireError('too-large', `the body of a request is at most ${maxBytes} bytes`));
      return;
    }
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        request.pause();
        reject(new WireError('too-large', `the body of a request is at most ${maxBytes} bytes`));
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('aborted', () => reject(new Error('the client went away')));
    request.on('error', (error) => reject(toError(error)));
  });
}

/** Reads and parses a JSON body; an absent body is `{}`. Throws {@link WireError} `bad-request` with the parser's sentence. */
export async function readJsonBody<T>(
  request: IncomingMessage,
  parser: Parser<T>,
  maxBytes = 1024 * 1024,
): Promise<T> {
  const body = await readBody(request, maxBytes);
  const result = parseJson(body.length === 0 ? '{}' : body.toString('utf8'), parser);
  if (!result.ok) throw new WireError('bad-request', result.error.message);
  return result.value;
}

/** Sends a JSON answer with the headers that every answer of ours has. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  extra: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...extra,
  });
  response.end(text);
}

/** Sends 204. */
export function sendNothing(response: ServerResponse): void {
  response.writeHead(204, { 'cache-control': 'no-store' });
  response.end();
}

/** The wire's error for anything thrown: an unexpected one is `internal` and tells nothing of our insides. */
export function toWireError(thrown: unknown): WireError {
  return thrown instanceof WireError
    ? thrown
    : new WireError('internal', 'something went wrong here; the log has the details', undefined, {
        cause: thrown,
      });
}

/** Sends an error; `shape` turns its body into that of another API. Does nothing when the answer has begun. */
export function sendError(
  response: ServerResponse,
  error: WireError,
  extra: Record<string, string> = {},
  shape: (body: ErrorBody) => unknown = (body) => body,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendJson(response, error.status, shape(error.toBody()), extra);
}
