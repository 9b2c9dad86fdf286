import { t } from '@vscode/l10n';
import { toError } from '../../base/errors';
import { toSingleLine } from '../../base/text';
import { abortable, until, withDeadline } from '../../base/time';
import { LostConnectionError } from '../remote/lost-connection-error';
import type { KernelLink } from './kernel-link';
import type { KernelStarter } from './kernel-starter';
import type { NotebookContext } from './notebook-context';
import type { OpenNotebook } from './open-notebook';
import { describeVerbFailure, KernelOfAnotherError, type KernelVerb } from './verb-problems';

/** What the verbs stand on. */
export interface VerbContext extends Pick<
  NotebookContext,
  'clock' | 'logger' | 'showProblem' | 'showKernelProblem' | 'withLateProgress' | 'changed'
> {
  readonly starter: Pick<KernelStarter, 'connected'>;
}

/** What they act on: an {@link OpenNotebook}, as far as they know it. */
export type VerbNotebook = Pick<
  OpenNotebook,
  | 'notebook'
  | 'current'
  | 'host'
  | 'remembered'
  | 'isOfAnother'
  | 'needsFreshKernel'
  | 'cancelStart'
  | 'ensureLink'
  | 'onPurpose'
  | 'forgetKernel'
>;

/** How long a kernel may take to stop what it does before starting it again is offered. */
const interruptPatienceMs = 10_000;
const requestTimeoutMs = 15_000;
const restartTimeoutMs = 90_000;

/** Stops what runs: cells that wait do not run, and the running one ends by the kernel's own word. Never rejects. */
export async function interruptKernel(context: VerbContext, open: VerbNotebook): Promise<void> {
  open.cancelStart();
  const link = open.current;
  if (link === undefined) return;
  const interrupted = link.execution.current;
  link.execution.stopWaiting();
  const hostName = toSingleLine(link.host.name, 80);
  try {
    requireOwn(open);
    const deadline = withDeadline(requestTimeoutMs, 'interrupting the kernel');
    await link.host.agent.interruptKernel(link.details.id, deadline);
  } catch (error) {
    void context.showProblem({
      severity: 'warning',
      message: describeVerbFailure('interrupt', causeOf(error, link, open), hostName),
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
      message: t(
        'The kernel of this notebook on {0} has not stopped {1} s after the interrupt. Restarting it loses its variables.',
        hostName,
        interruptPatienceMs / 1000,
      ),
      remedies: [{ kind: 'restart' }, { kind: 'keep-waiting' }],
    });
  });
  const watch = link.execution.onDidChange(() => {
    if (!interrupted.hasEnded) return;
    cancel();
    watch.dispose();
  });
}

/** For after the sign-in: whoever that brought may be somebody else than the one whose kernel it is. Throws then. */
function requireOwn(open: VerbNotebook): void {
  if (open.isOfAnother) throw new KernelOfAnotherError();
}

/** What changed while the host was asked says more than its answer. */
function causeOf(error: unknown, { host }: KernelLink, open: VerbNotebook): unknown {
  if (!host.agent.isAttached) return new LostConnectionError();
  return open.isOfAnother ? new KernelOfAnotherError() : error;
}

/**
 * The same kernel with a fresh process; resolves with whether it answers. The kernel of another person is left alone: whoever is signed in gets
 * one of their own. Never rejects.
 */
export async function restartKernel(context: VerbContext, open: VerbNotebook): Promise<boolean> {
  open.cancelStart();
  const link = open.current;
  if (link === undefined || open.isOfAnother) return (await open.ensureLink()) !== undefined;
  const title = t(
    'Restarting the kernel of {0} on {1}',
    toSingleLine(link.details.environmentName, 80),
    toSingleLine(link.host.name, 80),
  );
  try {
    return await open.onPurpose(async () => {
      await context.withLateProgress(title, async (signal) => {
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
    showFailure(context, open, 'restart', error);
    return false;
  }
}

/** Ends the kernel. Never rejects. */
export async function shutDownKernel(context: VerbContext, open: VerbNotebook): Promise<void> {
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
    showFailure(context, open, 'shut-down', error);
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
async function replaceKernel(open: VerbNotebook, link: KernelLink, signal: AbortSignal): Promise<void> {
  await link.host.agent.shutDownKernel(link.details.id, signal);
  await open.forgetKernel();
  await open.ensureLink();
}

function showFailure(context: VerbContext, open: VerbNotebook, verb: KernelVerb, error: unknown): void {
  const { name, message } = toError(error);
  context.logger.warn(`the kernel was not asked to ${verb}, or did not: ${message}`);
  if (name === 'DeclinedError' || name === 'AbortError') return;
  void context.showKernelProblem(open.notebook, {
    message: describeVerbFailure(verb, error, open.host?.name ?? t('its host')),
    remedies: [{ kind: 'show-log' }],
  });
}
