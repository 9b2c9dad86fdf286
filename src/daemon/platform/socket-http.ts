import { request, type IncomingMessage } from 'node:http';
import { parseJson, type Parser } from '../../base/parse';
import { toError } from '../../base/errors';
import { isWireErrorCode, parseErrorBody, WireError } from '../../protocol/errors';

/** A request to an HTTP server of ours on a socket. */
export interface SocketRequest {
  readonly socket: string;
  readonly path: string;
  /** Default: `GET`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Ends the request; every request has a deadline. */
  readonly signal: AbortSignal;
}

/** The largest answer that is read into memory. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** Sends the request and gives the answer once its head is there. The caller reads or destroys it. Rejects when nobody answers. */
export function openSocketRequest(options: SocketRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = options.body === undefined ? undefined : JSON.stringify(options.body);
    const outgoing = request({
      socketPath: options.socket,
      path: options.path,
      method: options.method ?? 'GET',
      agent: false,
      signal: options.signal,
      headers: {
        host: 'localhost',
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      },
    });
    outgoing.on('response', resolve);
    outgoing.on('error', (error) => reject(options.signal.aborted ? toError(options.signal.reason) : error));
    outgoing.end(text);
  });
}

/** Sends the request and gives the whole answer's text. An error of the other side rejects as the {@link WireError} that it sent. */
export async function requestText(options: SocketRequest): Promise<string> {
  const answer = await openSocketRequest(options);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxAnswerBytes) throw new Error(`${options.path}: the answer is too large`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if ((answer.statusCode ?? 500) < 400) return text;
  const body = parseJson(text, parseErrorBody);
  if (body.ok && isWireErrorCode(body.value.code))
    throw new WireError(body.value.code, body.value.message, body.value.detail);
  throw new Error(`${options.path}: answered ${String(answer.statusCode)}`);
}

/** Sends the request and parses the JSON answer. */
export async function requestJson<T>(options: SocketRequest, parser: Parser<T>): Promise<T> {
  const result = parseJson(await requestText(options), parser);
  if (!result.ok) throw new Error(`${options.path}: ${result.error.message}`);
  return result.value;
}

/**
 * Reads a stream of JSON objects, one a line, until it ends. Rejects when the connection breaks; an unreadable line ends it too, since after that
 * nothing is certain.
 */
export async function* readLines(
  answer: IncomingMessage,
  maxLineBytes = 4 * 1024 * 1024,
): AsyncGenerator<string> {
  let rest = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineBytes) throw new Error('a line of the stream is too long');
    for (const line of lines) if (line !== '') yield line;
  }
}
