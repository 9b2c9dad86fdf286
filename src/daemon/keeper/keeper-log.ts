import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Disposable } from '../../base/disposable';
import { createLogger, type Logger } from '../../base/logger';
import { systemErrorCode } from '../../base/errors';

/** A file that has grown to this becomes `….1`, so that a kernel's log takes twice that at most. */
const maxLogBytes = 512 * 1024;

/**
 * The log of one keeper: a file of this user's only (0600). A full disk loses lines and nothing else. Debug and trace lines are left out.
 */
export class KeeperLog implements Disposable {
  private descriptor: number | undefined;
  private sizeBytes = 0;
  /** Writes to this file. */
  readonly logger: Logger = createLogger((level, line) => {
    if (level !== 'debug' && level !== 'trace') this.write(`${new Date().toISOString()} ${level} ${line}\n`);
  });

  constructor(private readonly path: string) {}

  dispose(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private write(line: string): void {
    try {
      if (this.sizeBytes > maxLogBytes) this.rotate();
      this.descriptor ??= this.open();
      this.sizeBytes += writeSync(this.descriptor, line);
    } catch (error) {
      // There is nowhere else to say that the log cannot be written, and the kernel matters more.
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  private open(): number {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
    const descriptor = openSync(this.path, flags, 0o600);
    this.sizeBytes = fstatSync(descriptor).size;
    return descriptor;
  }

  private rotate(): void {
    this.dispose();
    renameSync(this.path, `${this.path}.1`);
  }
}
