import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { toError } from '../../../base/errors';
import { parseJson } from '../../../base/parse';
import { withDeadline } from '../../../base/time';
import { parseProcessReport, type ProcessReport } from '../../../protocol/daemon-control';
import { readBoundedLines } from '../../platform/bounded-lines';
import { scrubEnvironment } from '../../platform/trusted-environment';
import { collectUsage, type Usage } from './usage';

const maxLineBytes = 4096;

/**
 * What runs, from the internal command `processes` in a process of its own, which is ended after `timeoutMs`: what had come by then counts.
 * Resolves with `undefined` where the system has no such list.
 */
export async function readUsage(programFile: string, timeoutMs: number): Promise<Usage | undefined> {
  if (process.platform !== 'linux') return undefined;
  const child = spawn(process.execPath, [programFile, 'processes'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    // Each user who holds an answer up takes a thread.
    env: { ...scrubEnvironment(process.env), UV_THREADPOOL_SIZE: '64' },
    cwd: '/',
  });
  const reports: ProcessReport[] = [];
  readBoundedLines(child.stdout, maxLineBytes, {
    onLine: (line) => {
      const report = parseJson(line, parseProcessReport);
      if (report.ok) reports.push(report.value);
    },
    onTooLong: () => child.kill('SIGKILL'),
  });
  try {
    await once(child, 'close', { signal: withDeadline(timeoutMs, 'the list of processes') });
  } catch (error) {
    child.kill('SIGKILL');
    // A process in which the system hangs is not waited for.
    child.stdout.destroy();
    child.unref();
    if (toError(error).name !== 'AbortError') throw error;
  }
  return collectUsage(reports);
}
