import type { CommandHandler } from '../handler';

/** *Show Log*: the output channel, without taking the focus. */
export const showLog: CommandHandler = (dependencies) => {
  dependencies.showLog();
  return Promise.resolve();
};
