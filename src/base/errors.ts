/** The value itself if it is an error, otherwise an error that says what was thrown. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(
    typeof thrown === 'string' ? thrown : `not an Error was thrown: ${JSON.stringify(thrown)}`,
  );
}

/** Whether this is how an `AbortSignal` or a deadline of ours ends a wait. */
export function isAbortError(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
}

/** The `code` of a system error such as `ENOENT`, if it has one. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** `what: reason`, with the first error kept as cause, so that a log shows both and a person reads one sentence. */
export function wrapError(what: string, cause: unknown): Error {
  return new Error(`${what}: ${toError(cause).message}`, { cause });
}
