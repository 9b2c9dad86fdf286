import type { ServerResponse } from 'node:http';
import { streamPingIntervalMs, streamType } from '../../../protocol/agent';

/** How much may wait for a client that does not read; then the stream is closed, and the client asks again for the whole. */
const maxBacklogBytes = 8 * 1024 * 1024;

/** A stream of events to one client: one JSON object a line, with a ping when there was nothing to say for a while. */
export interface EventStream {
  send(event: object): void;
  /** Ends the answer. Nothing is sent after it. */
  end(): void;
}

/** Begins the answer. Ends by itself when the client goes away. */
export function openEventStream(response: ServerResponse, signal: AbortSignal): EventStream {
  response.writeHead(200, {
    'content-type': streamType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.flushHeaders();
  const write = (event: object) => {
    if (signal.aborted || response.writableEnded) return;
    response.write(`${JSON.stringify(event)}\n`);
    if (response.writableLength > maxBacklogBytes) response.destroy();
    ping.refresh();
  };
  const ping: NodeJS.Timeout = setInterval(() => write({ event: 'ping' }), streamPingIntervalMs);
  whenAborted(signal, () => clearInterval(ping));
  return {
    send: write,
    end() {
      clearInterval(ping);
      response.end();
    },
  };
}

/** Calls back once when the signal aborts, and at once when it has: a client can go away while its answer is prepared. */
export function whenAborted(signal: AbortSignal, callback: () => void): void {
  if (signal.aborted) callback();
  else signal.addEventListener('abort', callback, { once: true });
}
