import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { escapeLinks } from '../../base/text';
import { systemClock } from '../../base/time';
import { toAbortSignal } from './cancellation';
import { PausableProgress, type ShownNotification } from './pausable-progress';

/** What a task that runs under progress tells of itself. */
export type Progress = Pick<PausableProgress, 'report' | 'pause' | 'resume'>;

/** What {@link withProgress} shows. */
export interface ProgressOptions {
  /** `Connecting to lab-7` */
  readonly title: string;
  /** The command that shows the log. */
  readonly showLogCommand: string;
  /** The task is also cancelled by this. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a task under a notification with its step and *Cancel*, which the task can pause. When it takes long, the notification offers the log.
 * Settles like the task, which has to end when its signal aborts.
 */
export async function withProgress<T>(
  { title, showLogCommand, signal }: ProgressOptions,
  task: (progress: Progress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const cancelled = new AbortController();
  const progress = new PausableProgress({
    show: () => show(escapeLinks(title), cancelled),
    logLink: `[${t('Show Log')}](command:${showLogCommand})`,
    clock: systemClock,
  });
  try {
    progress.resume();
    return await task(
      {
        report: (step) => progress.report(escapeLinks(step)),
        pause: () => progress.pause(),
        resume: () => progress.resume(),
      },
      signal === undefined ? cancelled.signal : AbortSignal.any([cancelled.signal, signal]),
    );
  } finally {
    progress.dispose();
  }
}

/** The notification stays until it is hidden; its *Cancel* aborts, and hiding it does not. */
function show(title: string, cancelled: AbortController): ShownNotification {
  const hidden = new AbortController();
  let message = '';
  let report: ((message: string) => void) | undefined;
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, token) => {
      const cancelledHere = toAbortSignal(token);
      cancelledHere.addEventListener('abort', () => {
        if (!hidden.signal.aborted) cancelled.abort(cancelledHere.reason);
      });
      report = (text) => progress.report({ message: text });
      if (message !== '') report(message);
      return new Promise<void>((resolve) => {
        if (hidden.signal.aborted) resolve();
        else hidden.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  );
  return {
    report: (text) => {
      message = text;
      report?.(text);
    },
    hide: () => hidden.abort(),
  };
}
