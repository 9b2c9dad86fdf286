import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { systemErrorCode, toError } from '../../base/errors';
import type { KeeperOrder } from '../../protocol/keeper';
import { isSameProcess, processStartTime, type ProcessIdentity } from '../platform/processes';
import { KernelOutput } from './kernel-output';
import { makeOutputFifo, openOutputFifo, outputFifoPath } from './output-fifo';
import type { OutputRing } from './output-ring';

/** How a process ended. Both are absent when nobody who could know was its parent. */
export interface ProcessEnd {
  readonly code?: number;
  readonly signal?: string;
}

/** A kernel's process. It leads a group of its own, which is signalled as a whole. */
export interface KernelProcess extends ProcessIdentity {
  /** Resolves when it has ended and, as far as can be known, all that it printed was read. */
  readonly ended: Promise<ProcessEnd>;
  readonly output: OutputRing;
  /** Lets go of it without ending it: a keeper that ends leaves its kernel running. */
  release(): void;
}

/**
 * Starts the kernel as a child in a session and process group of its own. What it prints is read always, so that it never waits for us.
 * Throws with a sentence for a person when the program or the folder is not there.
 */
export async function startKernelProcess(order: KeeperOrder, connectionFile: string): Promise<KernelProcess> {
  const [program, ...words] = order.argv.map((word) => word.replaceAll('{connection_file}', connectionFile));
  if (program === undefined) throw new Error('there is no program to start');
  await expectFolder(order.workingDirectory);
  // With it ipykernel would end as soon as another process than that one is its parent.
  const variables = Object.fromEntries(
    Object.entries(order.variables).filter(([key]) => key !== 'JPY_PARENT_PID'),
  );
  const fifo = await makeOutputFifo(outputFifoPath(order));
  // Where the system has no FIFO a kernel whose keeper was killed may end when it prints.
  const printed = fifo?.kernelEnd ?? 'pipe';
  const printing = new KernelOutput(fifo?.reader);
  let child: ChildProcess;
  try {
    child = spawn(program, words, {
      cwd: order.workingDirectory,
      env: variables,
      detached: true,
      stdio: ['ignore', printed, printed],
    });
  } catch (error) {
    printing.dispose();
    throw error;
  } finally {
    if (fifo !== undefined) closeSync(fifo.kernelEnd);
  }
  const exited = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) });
    });
  });
  const started = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      printing.dispose();
      reject(toStartError(error, program));
    });
  });
  // A program that cannot be started because too many files are open has no streams, whatever the types say.
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Readable) printing.read(stream);
  await started;
  child.on('error', () => undefined);
  const pid = child.pid ?? 0;
  const startTime = (await processStartTime(pid)) ?? '';
  const ended = exited.then(async (end) => {
    await printing.finish();
    return end;
  });
  const release = () => {
    child.unref();
    printing.dispose();
  };
  return { pid, startTime, ended, output: printing.ring, release };
}

/** How often an adopted kernel is looked at. */
const watchIntervalMs = 500;

/**
 * A kernel that another keeper started and that still runs. Its exit code belonged to its parent and cannot be had; of what it printed there is what
 * that keeper had not read. Throws when that process has ended.
 */
export async function adoptKernelProcess(
  order: Pick<KeeperOrder, 'stateFolder'>,
  identity: ProcessIdentity,
): Promise<KernelProcess> {
  if (!(await isSameProcess(identity)))
    throw new Error('the kernel has ended before a keeper could adopt it');
  const printing = new KernelOutput(openOutputFifo(outputFifoPath(order)));
  let timer: NodeJS.Timeout | undefined;
  const exited = new Promise<ProcessEnd>((resolve, reject) => {
    const look = () => {
      isSameProcess(identity).then((isRunning) => {
        if (isRunning) timer = setTimeout(look, watchIntervalMs);
        else resolve({});
      }, reject);
    };
    timer = setTimeout(look, watchIntervalMs);
  });
  const ended = exited.then(async (end) => {
    await printing.finish();
    return end;
  });
  const release = () => {
    clearTimeout(timer);
    printing.dispose();
  };
  return { ...identity, ended, output: printing.ring, release };
}

async function expectFolder(path: string): Promise<void> {
  const found = await stat(path).catch(toError);
  if (found instanceof Error) throw new Error(`the folder ${path} cannot be entered: ${found.message}`);
  if (!found.isDirectory()) throw new Error(`${path} is not a folder`);
}

function toStartError(error: Error, program: string): Error {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
      return new Error(`the program ${program} was not found`, { cause: error });
    case 'EACCES':
      return new Error(`the program ${program} may not be run by this user`, { cause: error });
    default:
      return new Error(`the program ${program} could not be started: ${error.message}`, { cause: error });
  }
}
