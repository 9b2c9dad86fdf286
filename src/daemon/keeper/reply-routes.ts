import type { HeaderFacts } from './wire-messages';

/** So many requests are remembered; older ones are found by their session only. */
const maxRequests = 10_000;

/**
 * Which client a reply goes to: the one that sent the request, else the one whose messages bear that session. A client's name for us is the
 * session with which it connected; a gateway may send the messages of other sessions through one connection.
 */
export class ReplyRoutes {
  private readonly byRequest = new Map<string, string>();
  private readonly bySession = new Map<string, string>();

  /** Says that messages of this session go to the client. */
  addSession(session: string, client: string): void {
    this.bySession.set(session, client);
  }

  /** Notes who sent a request. */
  addRequest(header: HeaderFacts, client: string): void {
    this.byRequest.set(header.messageId, client);
    if (header.session !== '') this.bySession.set(header.session, client);
    if (this.byRequest.size <= maxRequests) return;
    const [oldest] = this.byRequest.keys();
    if (oldest !== undefined) this.byRequest.delete(oldest);
  }

  /** The client to which the answer to this request goes. */
  find(parent: HeaderFacts): string | undefined {
    return this.byRequest.get(parent.messageId) ?? this.bySession.get(parent.session);
  }

  /** Forgets a client that will not come back. */
  forget(client: string): void {
    for (const routes of [this.byRequest, this.bySession]) {
      for (const [key, target] of routes) if (target === client) routes.delete(key);
    }
  }
}
