import { toError } from '../../base/errors';
import { toSingleLine } from '../../base/text';
import { abortable, until, withDeadline } from '../../base/time';
import type { KernelLink } from './kernel-link';
import { withLateProgress } from './late-progress';
import type { NotebookContext } from './notebook-context';
import type { OpenNotebook } from './open-notebook';

/** How long a kernel may take to stop what it does before starting it again is offered. */
const interruptPatienceMs = 10_000;
const requestTimeoutMs = 15_000;
const restartTimeoutMs = 90_000;

/** Stops what runs: cells that wait do not run, and the running one ends by the kernel's own word. Never rejects. */
export async function interruptKernel(context: NotebookContext, open: OpenNotebook): Promise<void> {
  open.cancelStart();
  const link = open.current;
  if (link === undefined) return;
  const interrupted = link.execution.current;
  link.execution.stopWaiting();
  const hostName = link.host.name;
  try {
    const deadline = withDeadline(requestTimeoutMs, 'interrupting the kernel');
    await link.host.agent.interruptKernel(link.details.id, deadline);
  } catch (error) {
    const reason = describeRefusal(error, link, open);
    void context.showProblem({
      severity: 'warning',
      message: `The kernel of this notebook on ${hostName} was not interrupted: ${reason}.`,
      actions: [],
    });
    return;
  }
  if (interrupted === undefined || interrupted.hasEnded) return;
  const cancel = context.clock.schedule(interruptPatienceMs, () => {
    watch.dispose();
    if (interrupted.hasEnded || open.current !== link) return;
    void context.showKernelProblem(open.notebook, {
      severity: 'warning',
      message: `The kernel of this notebook on ${hostName} has not stopped ${interruptPatienceMs / 1000} s after the interrupt. Restarting it loses its variables.`,
      remedies: [{ kind: 'restart' }, { kind: 'keep-waiting' }],
    });
  });
  const watch = link.execution.onDidChange(() => {
    if (!interrupted.hasEnded) return;
    cancel();
    watch.dispose();
  });
}

const ofAnother = 'it belongs to another person than the one who is signed in there. It goes on';

/** For after the sign-in: whoever that brought may be somebody else than the one whose kernel it is. Throws then. */
function requireOwn(open: OpenNotebook): void {
  if (open.isOfAnother) throw new Error(ofAnother);
}

function describeRefusal(error: unknown, { host }: KernelLink, open: OpenNotebook): string {
  if (!host.agent.isAttached)
    return `${host.name} is not connected at the moment. The cells that waited were stopped`;
  if (open.isOfAnother) return ofAnother;
  return toSingleLine(toError(error).message, 200);
}

/** The same kernel with a fresh process; resolves with whether it answers. Never rejects. */
export async function restartKernel(context: NotebookContext, open: OpenNotebook): Promise<boolean> {
  open.cancelStart();
  const link = open.current;
  if (link === undefined || open.isOfAnother) return (await open.ensureLink()) !== undefined;
  const title = `Restarting the kernel of ${toSingleLine(link.details.environmentName, 80)} on ${link.host.name}`;
  try {
    return await open.onPurpose(async () => {
      await withLateProgress(title, async (signal) => {
        await context.starter.connected(link.host.id);
        requireOwn(open);
        // Not before: while the host is not connected the kernel goes on with its cells.
        signal.throwIfAborted();
        link.execution.abandon({ isError: false });
        const deadline = withDeadline(restartTimeoutMs, 'restarting the kernel', signal);
        if (open.needsFreshKernel) await replaceKernel(open, link, deadline);
        else await restartProcess(link, deadline);
      });
      context.changed(open.notebook);
      return open.current !== undefined || (await open.ensureLink()) !== undefined;
    });
  } catch (error) {
    showFailure(context, open, link, 'was not restarted', error);
    return false;
  }
}

/** Ends the kernel. Never rejects. */
export async function shutDownKernel(context: NotebookContext, open: OpenNotebook): Promise<void> {
  open.cancelStart();
  const { host, remembered } = open;
  const kernelId = remembered?.kernelId;
  if (host === undefined || kernelId === undefined) return;
  const link = open.current;
  try {
    await open.onPurpose(async () => {
      await context.starter.connected(host.id);
      requireOwn(open);
      link?.execution.abandon({ isError: false });
      await host.agent.shutDownKernel(
        kernelId,
        withDeadline(requestTimeoutMs * 2, 'shutting the kernel down'),
      );
      await open.forgetKernel();
    });
  } catch (error) {
    showFailure(context, open, link, 'was not shut down', error);
  }
}

/** Its process starts again and answers. */
async function restartProcess(link: KernelLink, signal: AbortSignal): Promise<void> {
  await link.host.agent.restartKernel(link.details.id, signal);
  await until(
    async () => {
      try {
        return await abortable(
          link.kernel.connection.requestKernelInfo(),
          withDeadline(5000, 'the restarted kernel', signal),
        );
      } catch (error) {
        signal.throwIfAborted();
        // The channels of the process before close while its successor starts.
        if (link.kernel.connection.isDisposed) throw error;
        return undefined;
      }
    },
    signal,
    200,
  );
}

/** A kernel keeps the folder that it was started in, so another folder needs another kernel. */
async function replaceKernel(open: OpenNotebook, link: KernelLink, signal: AbortSignal): Promise<void> {
  await link.host.agent.shutDownKernel(link.details.id, signal);
  await open.forgetKernel();
  await open.ensureLink();
}

function showFailure(
  context: NotebookContext,
  open: OpenNotebook,
  link: KernelLink | undefined,
  what: string,
  error: unknown,
): void {
  const { name, message } = toError(error);
  context.logger.warn(`the kernel ${what}: ${message}`);
  if (name === 'DeclinedError' || name === 'AbortError') return;
  const hostName = link?.host.name ?? open.host?.name ?? 'its host';
  void context.showKernelProblem(open.notebook, {
    message: `The kernel of this notebook on ${hostName} ${what}: ${toSingleLine(message, 200)}`,
    remedies: [{ kind: 'show-log' }],
  });
}
