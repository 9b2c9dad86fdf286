import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable';
import { createLogger, type Logger, type LogLevel } from '../../base/logger';

/** The output channel of the extension. Its level is set by the editor's own *Set Log Level*. */
export interface LogChannel extends Disposable {
  readonly logger: Logger;
  /** Shows the channel without taking the focus from where the person is. */
  show(): void;
}

/** Makes the channel. The caller disposes it last, so that everything else can still say how it ended. */
export function createLogChannel(): LogChannel {
  const channel = vscode.window.createOutputChannel('Remote Kernels', { log: true });
  const write: Record<LogLevel, (line: string) => void> = {
    trace: (line) => channel.trace(line),
    debug: (line) => channel.debug(line),
    info: (line) => channel.info(line),
    warn: (line) => channel.warn(line),
    error: (line) => channel.error(line),
  };
  return {
    logger: createLogger((level, line) => write[level](line)),
    show: () => channel.show(true),
    dispose: () => channel.dispose(),
  };
}
