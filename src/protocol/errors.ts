import * as v from 'valibot';
import { parserOf } from '../base/parse';

/**
 * What a client does about an error: `retry` by itself after a while, `ask` the person for something, or `stop` and say so.
 */
export type Recovery = 'retry' | 'ask' | 'stop';

/** Every code that crosses the wire, with its HTTP status and recovery. A code without a decision does not compile. */
export const wireErrors = {
  // The front door, before and at sign-in.
  unauthorized: { status: 401, recovery: 'ask' },
  refused: { status: 401, recovery: 'ask' },
  more: { status: 401, recovery: 'ask' },
  'too-many-attempts': { status: 429, recovery: 'retry' },
  'too-busy': { status: 503, recovery: 'retry' },
  'agent-unavailable': { status: 503, recovery: 'retry' },
  'token-in-url': { status: 400, recovery: 'stop' },
  // Any HTTP server of ours.
  'bad-request': { status: 400, recovery: 'stop' },
  'not-found': { status: 404, recovery: 'stop' },
  'method-not-allowed': { status: 405, recovery: 'stop' },
  'request-timeout': { status: 408, recovery: 'retry' },
  'too-large': { status: 413, recovery: 'stop' },
  'foreign-origin': { status: 403, recovery: 'stop' },
  'protocol-mismatch': { status: 426, recovery: 'stop' },
  internal: { status: 500, recovery: 'retry' },
  // The agent.
  'door-key-required': { status: 403, recovery: 'stop' },
  /** The administrator of the host lets this user list environments and not change them. */
  'environments-list-only': { status: 403, recovery: 'stop' },
  'environment-not-found': { status: 404, recovery: 'ask' },
  'environment-broken': { status: 409, recovery: 'ask' },
  'kernel-package-missing': { status: 409, recovery: 'ask' },
  'kernelspec-not-found': { status: 404, recovery: 'ask' },
  'kernel-not-found': { status: 404, recovery: 'ask' },
  'kernel-start-failed': { status: 500, recovery: 'ask' },
  'kernel-start-timeout': { status: 504, recovery: 'ask' },
  'kernel-limit-reached': { status: 409, recovery: 'ask' },
  'kernel-dead': { status: 409, recovery: 'ask' },
  'folder-not-found': { status: 404, recovery: 'ask' },
  'session-not-found': { status: 404, recovery: 'ask' },
  'session-conflict': { status: 409, recovery: 'ask' },
  'job-not-found': { status: 404, recovery: 'stop' },
  'job-conflict': { status: 409, recovery: 'retry' },
  'channel-not-found': { status: 404, recovery: 'retry' },
  'journal-gap': { status: 410, recovery: 'stop' },
  'storage-full': { status: 507, recovery: 'ask' },
  'storage-read-only': { status: 507, recovery: 'ask' },
} as const satisfies Record<string, { readonly status: number; readonly recovery: Recovery }>;

/** A code of {@link wireErrors}. */
export type WireErrorCode = keyof typeof wireErrors;

/** Whether the text is a code that this version knows. */
export function isWireErrorCode(text: string): text is WireErrorCode {
  return Object.hasOwn(wireErrors, text);
}

const startFailureSchema = v.object({
  /** The exit code of the kernel's process; absent when a signal ended it or it still runs. */
  exitCode: v.exactOptional(v.number()),
  /** The signal that ended it, such as `SIGKILL`. */
  signal: v.exactOptional(v.string()),
  /** The end of what it printed on standard output and standard error, at most 64 KiB. */
  output: v.exactOptional(v.string()),
  /** For a missing `ipykernel`: the exact command that would install it. */
  installCommand: v.exactOptional(v.string()),
  /** Set where the next step would be to change an environment, and the administrator lets this user only list them. */
  environments: v.exactOptional(v.literal('list')),
  /** For `kernel-limit-reached`: the limit. */
  limit: v.exactOptional(v.number()),
});

/** What a program can use beyond the sentence of an error. */
export type ErrorDetail = v.InferOutput<typeof startFailureSchema>;

const errorBodySchema = v.object({
  code: v.string(),
  message: v.string(),
  detail: v.exactOptional(startFailureSchema),
});

/** The body of every error outside `/api`. `code` may be one of a newer minor version, hence a plain string. */
export type ErrorBody = v.InferOutput<typeof errorBodySchema>;

/** Reads {@link ErrorBody}. */
export const parseErrorBody = parserOf('error body', errorBodySchema);

/**
 * The body of an error under `/api`: `message` and `reason` as `jupyter_server` 2 writes them, with our code and detail beside them for
 * our own client.
 */
export interface JupyterErrorBody extends ErrorBody {
  readonly reason: string | null;
}

/** An error that has a code of the wire. Thrown inside a program and turned into an {@link ErrorBody} at its border. */
export class WireError extends Error {
  constructor(
    readonly code: WireErrorCode,
    message: string,
    readonly detail?: ErrorDetail,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'WireError';
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return wireErrors[this.code].status;
  }

  /** The body to send. */
  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    };
  }
}
