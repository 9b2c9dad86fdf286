import type { Logger } from '../../base/logger';
import { toError } from '../../base/errors';
import { withDeadline } from '../../base/time';
import type { KeeperOrder } from '../../protocol/keeper';
import { removeKernelSockets, type KernelConnection } from './kernel-connection';
import { startKernelProcess, type KernelProcess, type ProcessEnd } from './kernel-process';
import { awaitReadiness } from './kernel-readiness';
import type { KernelSession } from './kernel-session';
import { endProcessGroup, stopKernelProcess } from './kernel-stop';
import { isPortFree } from './ports';
import { unlimitedPublishingRequest } from './unlimited-publishing';
import { describeEnd, StartFailure } from './start-failure';

/** A kernel that does not answer its second request within this time is used as it is. */
const unlimitedPublishingMs = 3000;

/** A process of a kernel and the conversation with it. */
export interface LaunchedKernel {
  readonly process: KernelProcess;
  readonly session: KernelSession;
}

/** What a launch needs. */
export interface LaunchOptions {
  readonly order: KeeperOrder;
  readonly connection: KernelConnection;
  readonly connectionFile: string;
  readonly createSession: () => KernelSession;
  /** The process exists; whether it becomes a kernel is open. */
  readonly onProcess: (launched: LaunchedKernel) => void;
  /** Gives the launch up; the process is then ended. It can be that of the whole kernel: no launch leaves anything behind on it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Starts a process and waits until it answers. Throws {@link StartFailure} when it ends before or does not answer in time; then nothing of it is
 * left.
 */
export async function launchKernel(options: LaunchOptions): Promise<LaunchedKernel> {
  const { signal } = options;
  signal.throwIfAborted();
  const giveUp = new AbortController();
  const onAbort = () => giveUp.abort(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await launchOnce({ ...options, signal: giveUp.signal });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function launchOnce(options: LaunchOptions): Promise<LaunchedKernel> {
  const { order, connection, log } = options;
  await removeKernelSockets(connection);
  const begun = Date.now();
  const process = await startKernelProcess(order, options.connectionFile).catch((error: unknown) => {
    throw new StartFailure('kernel-start-failed', toError(error).message, '', {}, { cause: error });
  });
  log.info(`process ${process.pid} was started: ${order.argv[0] ?? ''}`);
  const launched = { process, session: options.createSession() };
  options.onProcess(launched);
  await launched.session.open().catch(async (error: unknown) => {
    await stopKernelProcess(process, undefined);
    throw error;
  });
  const outcome = await firstOutcome(launched, options);
  if (outcome.kind === 'ready') {
    log.info(`the kernel answered after ${Date.now() - begun} ms`);
    await liftPublishingLimit(launched.session, options);
    return launched;
  }
  launched.session.dispose();
  throw await toFailure(process, outcome, options);
}

async function liftPublishingLimit(
  session: KernelSession,
  { order, signal, log }: LaunchOptions,
): Promise<void> {
  const request = unlimitedPublishingRequest(order);
  if (request === undefined) return;
  const deadline = withDeadline(unlimitedPublishingMs, 'lifting the limit of what waits to be read', signal);
  await session.askExecution(request, deadline).catch((error: unknown) => log.warn(toError(error).message));
}

type LaunchOutcome =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly end: ProcessEnd }
  | { readonly kind: 'silent' };

function firstOutcome({ process, session }: LaunchedKernel, options: LaunchOptions): Promise<LaunchOutcome> {
  const deadline = withDeadline(options.order.startTimeoutMs, 'the kernel', options.signal);
  const probe = {
    askKernelInfo: (signal: AbortSignal) => session.askKernelInfo('shell', signal),
    isIopubFlowing: () => session.isIopubFlowing,
  };
  return Promise.race([
    awaitReadiness(probe, deadline, options.log).then(
      () => ({ kind: 'ready' }) as const,
      () => ({ kind: 'silent' }) as const,
    ),
    process.ended.then((end) => ({ kind: 'ended', end }) as const),
  ]);
}

async function toFailure(
  process: KernelProcess,
  outcome: Exclude<LaunchOutcome, { kind: 'ready' }>,
  { order, signal }: LaunchOptions,
): Promise<StartFailure> {
  if (outcome.kind === 'ended') {
    await endProcessGroup(process.pid);
    const message = `the kernel ended ${describeEnd(outcome.end)} before it answered`;
    return new StartFailure('kernel-start-failed', message, process.output.tail(), outcome.end);
  }
  const end = await stopKernelProcess(process, undefined);
  const output = process.output.tail();
  if (signal.aborted)
    return new StartFailure('kernel-start-failed', 'the kernel was shut down while it started', output, end);
  const waited = `the kernel did not answer within ${order.startTimeoutMs / 1000} s and was ended`;
  return new StartFailure('kernel-start-timeout', waited, output);
}

/** Whether a start failed because somebody else had one of the kernel's ports. */
export async function werePortsTaken(connection: KernelConnection, failure: StartFailure): Promise<boolean> {
  if (connection.transport !== 'tcp' || failure.code !== 'kernel-start-failed') return false;
  if (/address already in use/i.test(failure.output)) return true;
  const { shell_port, iopub_port, stdin_port, control_port, hb_port } = connection;
  const free = await Promise.all([shell_port, iopub_port, stdin_port, control_port, hb_port].map(isPortFree));
  return free.includes(false);
}
