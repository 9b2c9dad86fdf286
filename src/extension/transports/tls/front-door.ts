import type { HttpConnection } from '../../../base/http-connection';
import { withDeadline } from '../../../base/time';
import { agentPaths, parseHello, type Hello } from '../../../protocol/agent';
import { parseErrorBody } from '../../../protocol/errors';
import {
  frontDoorPaths,
  parseMorePrompts,
  parseSignedIn,
  parseWellKnown,
  signOutEverywhere,
  type MorePrompts,
  type SignedIn,
  type SignInRequest,
  type WellKnown,
} from '../../../protocol/front-door';
import { compareProtocol } from '../../../protocol/version';
import { toConnectionError } from '../connection-errors';
import { readSmallJson } from '../read-json';
import { ConnectionError, type ConnectionErrorFacts } from '../transport';

const wellKnownTimeoutMs = 10_000;
/** PAM pauses after a wrong answer, and a second factor may wait for a telephone. */
const signInTimeoutMs = 90_000;
/** The front door may have to start the agent. */
const helloTimeoutMs = 30_000;
const signOutTimeoutMs = 10_000;

/** What a front door said to a sign-in. */
export type SignInAnswer =
  | { readonly kind: 'signed-in'; readonly signedIn: SignedIn }
  | { readonly kind: 'more'; readonly more: MorePrompts }
  | { readonly kind: 'refused' };

/** The requests that a front door answers by itself, and the one that shows whether a token is good. All reject with {@link ConnectionError}. */
export class FrontDoor {
  constructor(
    private readonly http: HttpConnection,
    private readonly facts: ConnectionErrorFacts,
  ) {}

  /** Learns what is at the other end, and refuses what is not a daemon that we can speak with. */
  async readWellKnown(signal: AbortSignal): Promise<WellKnown> {
    const response = await this.send(frontDoorPaths.wellKnown, {}, wellKnownTimeoutMs, signal);
    if (response.status === 429 || response.status === 503) throw await this.toError(response);
    const result = response.ok ? await this.read(response, parseWellKnown, signal) : undefined;
    if (result?.ok !== true) {
      await discard(response);
      throw new ConnectionError(
        'not-a-daemon',
        result?.error.message ?? `status ${response.status}`,
        this.facts,
      );
    }
    const { protocol } = result.value;
    const relation = compareProtocol(protocol);
    if (relation === 'same') return result.value;
    const code = relation === 'older' ? 'host-older' : relation === 'newer' ? 'host-newer' : 'not-a-daemon';
    throw new ConnectionError(code, `its protocol is ${protocol}`, {
      ...this.facts,
      theirProtocol: protocol,
    });
  }

  /** Asks the agent who we are. `undefined` when the token is not accepted (any more). */
  async readHello(signal: AbortSignal): Promise<Hello | undefined> {
    const response = await this.send(agentPaths.hello, {}, helloTimeoutMs, signal);
    if (response.status === 401) {
      await discard(response);
      return undefined;
    }
    if (!response.ok) throw await this.toError(response);
    const hello = await this.read(response, parseHello, signal);
    if (!hello.ok) throw new ConnectionError('agent-unavailable', hello.error.message, this.facts);
    return hello.value;
  }

  /** One step of a sign-in. */
  async signIn(request: SignInRequest, signal: AbortSignal): Promise<SignInAnswer> {
    const response = await this.send(
      frontDoorPaths.signIn,
      {
        method: 'POST',
        body: JSON.stringify(request),
        headers: { 'content-type': 'application/json' },
      },
      signInTimeoutMs,
      signal,
    );
    if (response.ok) {
      const signedIn = await this.read(response, parseSignedIn, signal);
      if (!signedIn.ok) throw new ConnectionError('not-a-daemon', signedIn.error.message, this.facts);
      return { kind: 'signed-in', signedIn: signedIn.value };
    }
    if (response.status !== 401) throw await this.toError(response);
    const more = await this.read(response, parseMorePrompts, signal);
    return more.ok ? { kind: 'more', more: more.value } : { kind: 'refused' };
  }

  /** Ends the sign-in of the token, or all of this user. */
  async signOut(isEverywhere: boolean, signal: AbortSignal): Promise<void> {
    const path = frontDoorPaths.signOut + (isEverywhere ? `?${signOutEverywhere}` : '');
    const response = await this.send(path, { method: 'POST' }, signOutTimeoutMs, signal);
    // 401 means that the token had ended already, which is what was asked for.
    if (!response.ok && response.status !== 401) throw await this.toError(response);
    await discard(response);
  }

  private async send(
    path: string,
    init: RequestInit,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Response> {
    const deadline = withDeadline(timeoutMs, path, signal);
    try {
      return await this.http.fetch(this.http.baseUrl + path, { ...init, signal: deadline });
    } catch (error) {
      throw toConnectionError(error, this.facts, signal);
    }
  }

  private async read<T>(
    response: Response,
    parser: Parameters<typeof readSmallJson<T>>[1],
    signal: AbortSignal,
  ) {
    try {
      return await readSmallJson(response, parser);
    } catch (error) {
      throw toConnectionError(error, this.facts, signal);
    }
  }

  /** The error of an answer that is neither success nor a question. */
  private async toError(response: Response): Promise<ConnectionError> {
    const body = await readSmallJson(response, parseErrorBody);
    const message = body.ok ? `${body.value.code}: ${body.value.message}` : `status ${response.status}`;
    if (response.status === 429) {
      const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
      return new ConnectionError('too-many-attempts', message, { ...this.facts, retryAfterMs });
    }
    if (response.status >= 500) {
      const hostWords = body.ok && body.value.code === 'agent-unavailable' ? body.value.message : undefined;
      return new ConnectionError('agent-unavailable', message, {
        ...this.facts,
        ...(hostWords === undefined ? {} : { hostWords }),
      });
    }
    return new ConnectionError('not-a-daemon', message, this.facts);
  }
}

const defaultRetryAfterMs = 30_000;
const maxRetryAfterMs = 3600_000;

/** Reads `Retry-After`: seconds or a date (RFC 9110 §10.2.3). */
export function readRetryAfter(value: string | null, now: number = Date.now()): number {
  const timeMs = readTime(value ?? '', now);
  return timeMs === undefined ? defaultRetryAfterMs : Math.min(Math.max(timeMs, 0), maxRetryAfterMs);
}

function readTime(value: string, now: number): number | undefined {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // `Date.parse` makes something of almost any text; a date of HTTP begins with its day.
  const date = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? undefined : date - now;
}

/** Lets go of a body that nobody reads, so that its socket can be used again. */
async function discard(response: Response): Promise<void> {
  if (response.body !== null && !response.bodyUsed) await response.body.cancel();
}
