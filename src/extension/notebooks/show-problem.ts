import type { Logger } from '../../base/logger';
import { showNotification, type Notification } from '../editor/notification';

/** Shows a notification and does what the person chose. Never rejects. */
export type ShowProblem = (problem: Notification) => Promise<void>;

/** One cause within this time is one notification. */
const repetitionMs = 10_000;

/** Shows problems as notifications. The same sentence again within ten seconds is only logged. */
export function createShowProblem(logger: Logger): ShowProblem {
  const shownAt = new Map<string, number>();
  return async (problem) => {
    logger.info(`shown: ${problem.message}`);
    const now = Date.now();
    for (const [message, at] of shownAt) if (now - at >= repetitionMs) shownAt.delete(message);
    if (shownAt.has(problem.message)) return;
    shownAt.set(problem.message, now);
    try {
      await showNotification(problem);
    } catch (error) {
      logger.error('what a notification offered did not work', error);
    }
  };
}
