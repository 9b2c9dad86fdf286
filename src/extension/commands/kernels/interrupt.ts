import { t } from '@vscode/l10n';
import { withDeadline } from '../../../base/time';
import type { CommandHandler } from '../handler';
import { kernelSubject } from './kernel-verbs';

const interruptTimeoutMs = 15_000;

/** *Interrupt*: stops what the kernel runs; its variables stay. */
export const interrupt: CommandHandler = async (dependencies, invocation) => {
  const subject = await kernelSubject(dependencies, invocation, t('Interrupt'));
  if (subject === undefined) return;
  if (subject.kind === 'notebook') {
    await dependencies.notebookKernels.interrupt(subject.notebook);
    return;
  }
  const { host, kernel } = subject.chosen;
  await host.agent.interruptKernel(
    kernel.id,
    withDeadline(interruptTimeoutMs, t('interrupting on {0}', host.name)),
  );
};
