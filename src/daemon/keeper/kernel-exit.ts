import type { KernelExit } from '../../protocol/kernels';
import { totalMemoryBytes } from '../platform/processes';
import type { ProcessEnd } from './kernel-process';

/** So much of its output is told with the exit of a kernel. */
const maxOutputBytes = 8 * 1024;

/** What is told of a kernel that has just ended: how, what it printed last, and how much memory it had when that was looked at last. */
export function exitOf(end: ProcessEnd, output: string, lastMemoryBytes: number | undefined): KernelExit {
  return {
    ...end,
    at: new Date().toISOString(),
    totalMemoryBytes: totalMemoryBytes(),
    ...(lastMemoryBytes === undefined ? {} : { lastMemoryBytes }),
    ...(output === '' ? {} : { output: Buffer.from(output).subarray(-maxOutputBytes).toString('utf8') }),
  };
}
