import type { CancellationToken } from 'vscode';

/** A signal that aborts when the person cancels: what waits on the world takes signals, the editor gives tokens. */
export function toAbortSignal(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(new DOMException('cancelled', 'AbortError'));
  if (token.isCancellationRequested) abort();
  else token.onCancellationRequested(abort);
  return controller.signal;
}
