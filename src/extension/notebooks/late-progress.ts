import * as vscode from 'vscode';
import { escapeLinks } from '../../base/text';
import { toAbortSignal } from '../editor/cancellation';

/** What takes less is not worth a notification. */
const unnoticedMs = 1000;

/**
 * Runs a task; nothing in the title is a link. If it takes more than a second, a notification with *Cancel* says so. Settles like the task, which has to end when its signal
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
      { location: vscode.ProgressLocation.Notification, title: escapeLinks(title), cancellable: true },
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
