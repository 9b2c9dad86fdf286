/** What a stranger can cost the front door. */
export interface FrontDoorLimits {
  /** Connections that have not signed in: in all, and of one source. */
  readonly maxUnauthenticated: number;
  readonly maxUnauthenticatedPerSource: number;
  /** From the connection's start: until the TLS handshake is done, until the first request's head is there, until somebody is signed in. */
  readonly handshakeTimeoutMs: number;
  readonly firstRequestTimeoutMs: number;
  readonly signInTimeoutMs: number;
  /** A connection without a request is closed after this. */
  readonly idleTimeoutMs: number;
  /** The head of a request: bytes in all, and headers in number. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** The body of a sign-in, and how long it may take to arrive. */
  readonly maxSignInBytes: number;
  readonly signInBodyTimeoutMs: number;
  /** Until the agent accepts a connection, and until it begins to answer a request; a kernel's start is within this. */
  readonly agentConnectTimeoutMs: number;
  readonly agentAnswerTimeoutMs: number;
  /** How long a connection to an agent waits for the next request of the client's connection that it belongs to. */
  readonly agentIdleTimeoutMs: number;
  /** How long the answer of the supervisor about a token is believed. */
  readonly recheckIntervalMs: number;
  /** How long requests that are under way may take once the daemon is asked to end. */
  readonly stopGraceMs: number;
}

/** What the daemon uses. */
export const frontDoorLimits: FrontDoorLimits = {
  maxUnauthenticated: 256,
  maxUnauthenticatedPerSource: 64,
  handshakeTimeoutMs: 10_000,
  firstRequestTimeoutMs: 20_000,
  signInTimeoutMs: 120_000,
  idleTimeoutMs: 75_000,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  maxSignInBytes: 4 * 1024,
  signInBodyTimeoutMs: 10_000,
  agentConnectTimeoutMs: 5_000,
  agentAnswerTimeoutMs: 300_000,
  agentIdleTimeoutMs: 5_000,
  recheckIntervalMs: 60_000,
  stopGraceMs: 1_000,
};
