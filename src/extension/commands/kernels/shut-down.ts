import { t } from '@vscode/l10n';
import { withDeadline } from '../../../base/time';
import { askModally } from '../../editor/notification';
import type { CommandHandler } from '../handler';
import { kernelSubject, subjectNames } from './kernel-verbs';
import { requireSameAgent } from './same-agent';

const shutDownTimeoutMs = 30_000;

/** *Shut Down*: ends the kernel. Asks first, unless it has ended by itself. */
export const shutDown: CommandHandler = async (dependencies, invocation) => {
  const subject = await kernelSubject(dependencies, invocation, t('Shut Down'));
  if (subject === undefined) return;
  const isDead = subject.kind === 'kernel' && subject.chosen.kernel.state === 'dead';
  const names = subjectNames(dependencies, subject);
  const isSure =
    isDead ||
    (await askModally({
      message: t('Shut down the kernel of {0} on {1}?', names.kernel, names.host),
      detail: t('Its variables are lost. What runs in it ends.'),
      accept: t('Shut Down'),
    }));
  if (!isSure) return;
  if (subject.kind === 'notebook') {
    await dependencies.notebookKernels.shutDown(subject.notebook);
    return;
  }
  const { host, kernel } = subject.chosen;
  requireSameAgent(host, subject.agentId);
  await host.agent.shutDownKernel(
    kernel.id,
    withDeadline(shutDownTimeoutMs, t('shutting down on {0}', host.name)),
  );
};
