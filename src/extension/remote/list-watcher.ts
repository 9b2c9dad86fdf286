import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { HttpConnection } from '../../base/http-connection';
import type { Logger } from '../../base/logger';
import { parseJson, type Parser } from '../../base/parse';
import { delay } from '../../base/time';
import { createBackoff } from '../../base/backoff';
import { WireError } from '../../protocol/errors';
import { readLines } from './ndjson';
import { send } from './requests';

/** Streams say something every 15 s; after this long the other end is not there any more. */
export const silenceTimeoutMs = 40_000;

const answerTimeoutMs = 30_000;

/** What a watcher of one stream is made with. `E` is the line's type. */
export interface WatchOptions<E> {
  readonly http: HttpConnection;
  /** Path and query. */
  readonly path: string;
  readonly parser: Parser<E>;
  readonly begin: () => EventSink<E>;
  /** Bytes came: the host is there. */
  readonly onSign: () => void;
  /** The stream ended or failed. Resolves with whether the host is still there, so that the stream is opened again. */
  readonly onEnd: (reason: Error) => Promise<boolean>;
  readonly logger: Logger;
}

/** Takes the events of one opening of the stream. */
export type EventSink<E> = (event: E) => void;

/** Follows an NDJSON stream until it is disposed, and opens it again when it ended although the host is there. */
export function watchStream<E>(options: WatchOptions<E>): Disposable {
  const ended = new AbortController();
  void follow(options, ended.signal);
  return { dispose: () => ended.abort() };
}

async function follow<E>(options: WatchOptions<E>, signal: AbortSignal): Promise<void> {
  const policy = { firstMs: 100, capMs: 15_000, jitter: 0.2 };
  let backoff = createBackoff(policy);
  for (;;) {
    let reason: Error;
    try {
      const hasSaidSomething = await readOnce(options, signal);
      if (hasSaidSomething) backoff = createBackoff(policy);
      reason = new Error('the stream ended');
    } catch (error) {
      reason = toError(error);
    }
    if (hasEnded(signal)) return;
    options.logger.debug(`${options.path}: ${reason.message}`);
    if (isForGood(reason)) return;
    try {
      if (!(await options.onEnd(reason))) return;
      await delay(backoff.delayMs, signal);
    } catch (error) {
      if (!hasEnded(signal)) options.logger.error(`${options.path} is not followed any more`, error);
      return;
    }
    backoff = backoff.next();
  }
}

/** Asked anew after each wait, which the compiler does not know to change it. */
function hasEnded(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** An agent that does not have this list says so once; asking again would not change it. */
function isForGood(reason: Error): boolean {
  return reason instanceof WireError && (reason.status === 404 || reason.status === 405);
}

/** Reads the stream to its end. Resolves with whether it said anything, rejects with why it broke. */
async function readOnce<E>(
  { http, path, parser, begin, onSign, logger }: WatchOptions<E>,
  outer: AbortSignal,
): Promise<boolean> {
  const silence = new AbortController();
  const signal = AbortSignal.any([outer, silence.signal]);
  let timer = setTimeout(stop, answerTimeoutMs);
  function stop() {
    silence.abort(new DOMException('the host has been silent for too long', 'TimeoutError'));
  }
  const onBytes = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, silenceTimeoutMs);
    onSign();
  };
  let lines = 0;
  try {
    const response = await send(http, { path, signal });
    onBytes();
    if (response.body === null) return false;
    const sink = begin();
    for await (const line of readLines(response.body, onBytes)) {
      lines += 1;
      const event = parseJson(line, parser);
      if (event.ok) sink(event.value);
      else logger.warn(`${path}: a line was left out: ${event.error.message}`);
    }
    return lines > 0;
  } finally {
    clearTimeout(timer);
  }
}
