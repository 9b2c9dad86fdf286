import { createLogger, logLevels, type Logger, type LogLevel } from '../../base/logger';

/** A log on standard error, one line each, with the time and the level. `least` is asked for each line, so that it can change meanwhile. */
export function createTerminalLogger(least: () => LogLevel): Logger {
  return createLogger((level, line) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(least())) return;
    process.stderr.write(`${new Date().toISOString()} ${level.padEnd(5)} ${line}\n`);
  });
}
