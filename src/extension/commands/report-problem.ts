import * as vscode from 'vscode';
import type { Logger } from '../../base/logger';
import { showNotification } from '../editor/notification';
import type { ReadOnlyText } from '../editor/read-only-text';
import { describeProblem } from './describe-problem';
import { installGuideCommand, type Problem, type ProblemPlace, type Remedy } from './problem';

/** Errors of one cause within this time are one notification. */
const repetitionMs = 10_000;

/** The walkthrough, by the id that the editor knows it by. */
const walkthroughId = 'remote-kernels.remote-kernels#remoteKernels.start';

/** Tells a person what went wrong. Never throws; resolves when they have answered or dismissed it. */
export interface ProblemReport {
  /** Says nothing when there is nothing to say. The whole error goes into the log. */
  report(error: unknown, place: ProblemPlace): Promise<void>;
  show(problem: Problem): Promise<void>;
}

/** Makes the one place from which commands show problems. */
export function createProblemReport(readOnlyText: ReadOnlyText, logger: Logger): ProblemReport {
  const shownAt = new Map<string, number>();
  const show = async (problem: Problem): Promise<void> => {
    const now = Date.now();
    for (const [message, at] of shownAt) if (now - at >= repetitionMs) shownAt.delete(message);
    if (shownAt.has(problem.message)) return;
    shownAt.set(problem.message, now);
    await showNotification({
      severity: problem.severity,
      message: problem.message,
      actions: problem.remedies.map((remedy) => ({
        title: remedy.title,
        run: () => {
          // What a person starts by a button may fail for the same reason, and then has to say so again.
          shownAt.delete(problem.message);
          return apply(remedy, readOnlyText);
        },
      })),
    });
  };
  return {
    async report(error, place) {
      const problem = describeProblem(error, place);
      if (problem === undefined) return;
      logger.error(problem.message, error);
      await show(problem);
    },
    show,
  };
}

async function apply(remedy: Remedy, readOnlyText: ReadOnlyText): Promise<void> {
  switch (remedy.kind) {
    case 'command':
      await vscode.commands.executeCommand(remedy.command, remedy.target);
      return;
    case 'editor-command': {
      const isGuide = remedy.command === installGuideCommand;
      await vscode.commands.executeCommand(remedy.command, ...(isGuide ? [walkthroughId] : []));
      return;
    }
    case 'copy':
      await vscode.env.clipboard.writeText(remedy.text);
      return;
    case 'show-text':
      await readOnlyText.show(remedy.name, remedy.text);
      return;
  }
}
