import { execFile } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemErrorCode } from '../../base/errors';
import type { KeeperOrder } from '../../protocol/keeper';

const makeTimeoutMs = 5_000;

/** Where a kernel's output waits to be read, in its state folder. */
export function outputFifoPath(order: Pick<KeeperOrder, 'stateFolder'>): string {
  return join(order.stateFolder, 'output.fifo');
}

/** Both ends of a FIFO. */
export interface OutputFifo {
  /** For the kernel's standard output and error; to be closed here once the kernel has it. */
  readonly kernelEnd: number;
  /** What comes out. It ends when nobody has the other end any more; the caller destroys it. */
  readonly reader: Socket;
}

/**
 * Makes a FIFO of this user's only (0600) for what a kernel prints outside its channels. The kernel holds it for writing and for reading: so it is never
 * told that nobody reads, by a signal that ends most programs, when its keeper has gone. What it prints meanwhile waits for the next keeper, and a
 * kernel that prints more than a FIFO takes (64 KiB on Linux) waits as well. `undefined` where the system or the disk has no such thing.
 */
export async function makeOutputFifo(path: string): Promise<OutputFifo | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') return undefined;
  }
  // Node has no call for it.
  const options = {
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/bin` },
    timeout: makeTimeoutMs,
  };
  const isMade = await promisify(execFile)('mkfifo', ['-m', '600', path], options).then(
    () => true,
    () => false,
  );
  const reader = isMade ? openOutputFifo(path) : undefined;
  if (reader === undefined) return undefined;
  try {
    // Blocking, unlike the reader's: a kernel that is faster than we are waits, and loses nothing.
    return { kernelEnd: openSync(path, constants.O_RDWR | constants.O_NOFOLLOW), reader };
  } catch (error) {
    reader.destroy();
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** The reading end of a FIFO that is there already: what was printed and not yet read comes first. `undefined` when there is none. */
export function openOutputFifo(path: string): Socket | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (fstatSync(descriptor).isFIFO())
      return new Socket({ fd: descriptor, readable: true, writable: false });
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
  if (descriptor !== undefined) closeSync(descriptor);
  return undefined;
}
