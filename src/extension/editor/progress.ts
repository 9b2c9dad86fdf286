import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { escapeLinks } from '../../base/text';
import { toAbortSignal } from './cancellation';

/** After this long a person may wonder: the log is offered. */
const showLogAfterMs = 10_000;

/** Says what is being done, in words for people. */
export type ReportStep = (step: string) => void;

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
 * Runs a task under a notification with its step and *Cancel*. When it takes long, the notification offers the log. Settles like the task,
 * which has to end when its signal aborts.
 */
export async function withProgress<T>(
  options: ProgressOptions,
  task: (report: ReportStep, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { showLogCommand } = options;
  const title = escapeLinks(options.title);
  return await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      let step = '';
      let isLong = false;
      const show = () => {
        const log = `[${t('Show Log')}](command:${showLogCommand})`;
        progress.report({ message: isLong ? [step, log].filter((part) => part !== '').join(' · ') : step });
      };
      const timer = setTimeout(() => {
        isLong = true;
        show();
      }, showLogAfterMs);
      const cancelled = toAbortSignal(token);
      const signal = options.signal === undefined ? cancelled : AbortSignal.any([cancelled, options.signal]);
      try {
        return await task((text) => {
          step = escapeLinks(text);
          show();
        }, signal);
      } finally {
        clearTimeout(timer);
      }
    },
  );
}
