import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Disposable } from '../../base/disposable';
import { systemErrorCode } from '../../base/errors';
import { createLogger, logLevels, type Logger, type LogLevel } from '../../base/logger';

/** How a log file is kept. */
export interface LogFileOptions {
  readonly path: string;
  /** A file that has reached this size becomes `….1`, that one `….2`, and so on. */
  readonly maxBytes: number;
  /** How many older files are kept. */
  readonly maxOlder: 1 | 2;
  /** Lines of lower levels are left out. */
  readonly level: LogLevel;
}

/**
 * A log in a file of this user's only (0600). Lines are written at once, so that the last line before a crash is there. A disk that is full or
 * read-only loses lines and nothing else: their number is written as soon as there is room again.
 */
export class LogFile implements Disposable {
  private descriptor: number | undefined;
  private sizeBytes = 0;
  private lostLines = 0;

  constructor(private readonly options: LogFileOptions) {}

  /** A logger over this file. */
  createLogger(): Logger {
    const least = logLevels.indexOf(this.options.level);
    return createLogger((level, line) => {
      if (logLevels.indexOf(level) >= least) this.write(level, line);
    });
  }

  dispose(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private write(level: LogLevel, line: string): void {
    try {
      if (this.sizeBytes >= this.options.maxBytes) this.rotate();
      this.descriptor ??= this.open();
      if (this.lostLines > 0) {
        const lost = `${new Date().toISOString()} warn ${this.lostLines} lines could not be written here\n`;
        this.sizeBytes += writeSync(this.descriptor, lost);
        this.lostLines = 0;
      }
      this.sizeBytes += writeSync(this.descriptor, `${new Date().toISOString()} ${level} ${line}\n`);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      this.lostLines += 1;
    }
  }

  private open(): number {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
    const descriptor = openSync(this.options.path, flags, 0o600);
    this.sizeBytes = fstatSync(descriptor).size;
    return descriptor;
  }

  private rotate(): void {
    this.dispose();
    for (let age = this.options.maxOlder; age > 0; age -= 1) {
      try {
        renameSync(this.nameOf(age - 1), this.nameOf(age));
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') throw error;
      }
    }
    this.sizeBytes = 0;
  }

  private nameOf(age: number): string {
    return age === 0 ? this.options.path : `${this.options.path}.${age}`;
  }
}
