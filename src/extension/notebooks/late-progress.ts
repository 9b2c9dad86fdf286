import { toAbortSignal } from '../editor/cancellation';
import * as vscode from 'vscode';

/** What takes less is not worth a notification. */
const unnoticedMs = 1000;

/**
 * Runs a task; if it takes more than a second, a notification with *Cancel* says so. Settles like the task, which has to end when its signal
 * aborts.
 */
export async function withLateProgress<T>(
  title: string,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const running = task(controller.signal);
  const timer = setTimeout(() => {
    void vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (_progress, token) => {
        const cancelled = toAbortSignal(token);
        cancelled.addEventListener('abort', () => controller.abort(cancelled.reason), { once: true });
        return running.then(
          () => undefined,
          () => undefined,
        );
      },
    );
  }, unnoticedMs);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
  }
}
