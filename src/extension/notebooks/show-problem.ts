import * as vscode from 'vscode';
import type { Logger } from '../../base/logger';
import type { Problem, ShowProblem } from './problem';

/** One cause within this time is one notification. */
const repetitionMs = 10_000;

/** Shows problems as notifications. The same sentence again within ten seconds is only logged. */
export function createShowProblem(logger: Logger): ShowProblem {
  const shownAt = new Map<string, number>();
  return async (problem: Problem) => {
    logger.info(`shown: ${problem.message}`);
    const now = Date.now();
    for (const [message, at] of shownAt) if (now - at >= repetitionMs) shownAt.delete(message);
    if (shownAt.has(problem.message)) return;
    shownAt.set(problem.message, now);
    const titles = problem.actions.map((action) => action.title);
    const chosen = await show(problem, titles);
    await problem.actions.find((action) => action.title === chosen)?.run();
  };
}

function show({ severity, message }: Problem, titles: readonly string[]): Thenable<string | undefined> {
  switch (severity) {
    case 'error':
      return vscode.window.showErrorMessage(message, ...titles);
    case 'warning':
      return vscode.window.showWarningMessage(message, ...titles);
    case 'information':
      return vscode.window.showInformationMessage(message, ...titles);
  }
}
