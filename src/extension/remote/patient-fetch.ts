import { createBackoff } from '../../base/backoff';
import { toError } from '../../base/errors';
import type { HttpConnection } from '../../base/http-connection';
import { delay } from '../../base/time';
import { whenAttached, type AgentAccess } from './agent-access';

/** What the Jupyter client gives to its `fetch`: address and settings, kept until it is known over which connection they go. */
export class LateRequest {
  readonly headers: Headers;
  readonly method: string;

  constructor(
    readonly url: string,
    private readonly init: RequestInit = {},
  ) {
    this.headers = new Headers(init.headers);
    this.method = init.method ?? 'GET';
  }

  /** Sends it over this connection; may be called again. */
  sendOver(http: HttpConnection, signal: AbortSignal): Promise<Response> {
    const { pathname, search } = new URL(this.url);
    return http.fetch(http.baseUrl + pathname + search, {
      method: this.method,
      headers: [...this.headers.entries()],
      signal,
      ...(this.init.body === undefined ? {} : { body: this.init.body }),
    });
  }
}

/**
 * Makes the `fetch` of the Jupyter client. When a socket fails the client asks for the kernel's model and takes any odd answer for the kernel's
 * death, and that for ever: so a question is only answered by the agent itself. While the host is away, or something between us and the agent
 * answers in its place (401, 403, 5xx), the question waits and is asked again. Commands (`POST`, `DELETE`) never wait: they fail at once.
 * `onGone` is called when the agent says that there is no such kernel.
 */
export function createPatientFetch(
  access: AgentAccess,
  lifetime: AbortSignal,
  onGone: () => void,
): (request: LateRequest) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET') {
      if (access.http === undefined) throw new TypeError('the host is not connected');
      return await request.sendOver(access.http, lifetime);
    }
    let backoff = createBackoff({ firstMs: 500, capMs: 15_000, jitter: 0.2 });
    for (;;) {
      const http = await whenAttached(access, lifetime);
      try {
        const response = await request.sendOver(http, lifetime);
        if (response.ok) return response;
        if (response.status === 404) {
          onGone();
          return response;
        }
        await response.body?.cancel();
      } catch (error) {
        lifetime.throwIfAborted();
        access.suspectLoss(toError(error));
      }
      await delay(backoff.delayMs, lifetime);
      backoff = backoff.next();
    }
  };
}
