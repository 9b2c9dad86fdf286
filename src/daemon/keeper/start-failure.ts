import type { ProcessEnd } from './kernel-process';

/** Why a kernel did not start. The message is a sentence for a person; `output` is the end of what it printed, at most 64 KiB. */
export class StartFailure extends Error {
  constructor(
    readonly code: 'kernel-start-failed' | 'kernel-start-timeout',
    message: string,
    readonly output: string,
    readonly end: ProcessEnd = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StartFailure';
  }
}

/** `with exit code 1`, `by signal SIGKILL`, or that it is not known. */
export function describeEnd(end: ProcessEnd): string {
  if (end.signal !== undefined) return `by signal ${end.signal}`;
  return end.code === undefined ? 'with an unknown exit code' : `with exit code ${end.code}`;
}
