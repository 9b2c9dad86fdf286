import type { IncomingMessage } from 'node:http';
import { WireError } from '../../../protocol/errors';

/**
 * Refuses a request that a web page of another site made: a browser always says where a page came from when it opens a WebSocket or sends
 * something across sites. Programs send no `Origin`, or that of the server itself. Throws {@link WireError} `foreign-origin`.
 */
export function checkOrigin(request: IncomingMessage): void {
  const { origin, host } = request.headers;
  if (origin === undefined) return;
  const from = readAddress(origin);
  // Read by the same rules, so that a default port that is written out equals one that is left out.
  const to =
    host === undefined || from === undefined || !/^[^\s/?#@\\]+$/.test(host)
      ? undefined
      : readAddress(`${from.protocol}//${host}`);
  if (from !== undefined && to !== undefined && from.host === to.host) return;
  throw new WireError('foreign-origin', 'requests of other sites are refused');
}

function readAddress(text: string): URL | undefined {
  try {
    const address = new URL(text);
    return address.protocol === 'http:' || address.protocol === 'https:' ? address : undefined;
  } catch {
    // `null` and other text that is no address: an opaque origin, which is foreign.
    return undefined;
  }
}
