import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors';
import type { KeeperOrder } from '../../protocol/keeper';
import { loadKoffi } from '../platform/koffi';

const makeTimeoutMs = 5_000;

/** So much waits in a FIFO, where the system lets us: it is what Linux allows everybody (`fs.pipe-max-size`), and takes memory only when it is used. */
export const outputFifoBytes = 1024 * 1024;

/** `F_SETPIPE_SZ` of Linux (fcntl(2)). */
const setPipeSize = 1031;

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
 * kernel that prints more than a FIFO takes (on Linux {@link outputFifoBytes}, or 64 KiB where the system gives no more) waits as well. `undefined` where
 * the system or the disk has no such thing, or so many files are open that there can be no other.
 */
export async function makeOutputFifo(path: string): Promise<OutputFifo | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') return undefined;
  }
  const reader = (await runMkfifo(path)) ? openOutputFifo(path) : undefined;
  if (reader === undefined) return undefined;
  try {
    // Blocking, unlike the reader's: a kernel that is faster than we are waits, and loses nothing.
    const kernelEnd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    enlarge(kernelEnd);
    return { kernelEnd, reader };
  } catch (error) {
    reader.destroy();
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Node has no call for it. It is run without streams, each of which would take open files of which there may be few. */
function runMkfifo(path: string): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    const child = spawn('mkfifo', ['-m', '600', path], {
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/bin` },
      stdio: 'ignore',
      timeout: makeTimeoutMs,
    });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    // Some errors of the system, such as want of memory, are thrown instead of told.
  }).catch(() => false);
}

/** Makes room for more, where the system allows it; a user with very many kernels gets the usual size for the last ones. */
function enlarge(descriptor: number): void {
  if (process.platform !== 'linux') return;
  try {
    loadKoffi().load(null).func('int fcntl(int, int, ...)')(descriptor, setPipeSize, 'int', outputFifoBytes);
  } catch {
    // An installation without this addon has the usual size.
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
