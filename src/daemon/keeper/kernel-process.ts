import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { systemErrorCode, toError } from '../../base/errors';
import { delay } from '../../base/time';
import type { KeeperOrder } from '../../protocol/keeper';
import { isSameProcess, processStartTime, type ProcessIdentity } from '../platform/processes';
import { OutputRing } from './output-ring';

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

/** How long the rest of an ended kernel's output is waited for: something that it started may hold the pipe open for ever. */
const outputGraceMs = 200;

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
  const child = spawn(program, words, {
    cwd: order.workingDirectory,
    env: variables,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new OutputRing();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => output.push(chunk));
    stream.on('error', () => stream.destroy());
  }
  const allRead = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(toStartError(error, program)));
  });
  child.on('error', () => undefined);
  const pid = child.pid ?? 0;
  const startTime = (await processStartTime(pid)) ?? '';
  const ended = exited.then(async (end) => {
    await Promise.race([allRead, delay(outputGraceMs)]);
    child.stdout.destroy();
    child.stderr.destroy();
    return end;
  });
  const release = () => {
    child.unref();
    child.stdout.destroy();
    child.stderr.destroy();
  };
  return { pid, startTime, ended, output, release };
}

/** How often an adopted kernel is looked at. */
const watchIntervalMs = 500;

/**
 * A kernel that another keeper started and that still runs. Its exit code and its standard output belonged to its parent and cannot be had.
 * Throws when that process has ended.
 */
export async function adoptKernelProcess(identity: ProcessIdentity): Promise<KernelProcess> {
  if (!(await isSameProcess(identity)))
    throw new Error('the kernel has ended before a keeper could adopt it');
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    const look = () => {
      isSameProcess(identity).then((isRunning) => {
        if (isRunning) timer = setTimeout(look, watchIntervalMs);
        else resolve({});
      }, reject);
    };
    timer = setTimeout(look, watchIntervalMs);
  });
  return { ...identity, ended, output: new OutputRing(), release: () => clearTimeout(timer) };
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
