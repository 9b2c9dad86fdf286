import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { withDeadline } from '../../../base/time';
import { askModally } from '../../editor/notification';
import { notebookInFront, problem, requireTrust } from '../choose';
import type { CommandDependencies } from '../dependencies';
import type { CommandHandler } from '../handler';
import { kernelSubject, subjectNames, type KernelSubject } from './kernel-verbs';
import { requireSameAgent } from './same-agent';

const restartTimeoutMs = 90_000;

/** *Restart*: the same kernel from the beginning. Asks first, since its variables are lost. */
export const restart: CommandHandler = async (dependencies, invocation) => {
  requireTrust();
  const subject = await kernelSubject(dependencies, invocation, t('Restart'));
  if (subject === undefined || !(await isSure(dependencies, subject))) return;
  if (subject.kind === 'notebook') {
    await dependencies.notebookKernels.restart(subject.notebook);
    return;
  }
  const { host, kernel } = subject.chosen;
  requireSameAgent(host, subject.agentId);
  await host.agent.restartKernel(
    kernel.id,
    withDeadline(restartTimeoutMs, t('the restart on {0}', host.name)),
  );
};

/** *Restart and Run All*: for the notebook in front; runs nothing when the kernel does not come back. */
export const restartAndRunAll: CommandHandler = async (dependencies, { notebook }) => {
  requireTrust();
  const chosen = notebook ?? notebookInFront();
  if (chosen === undefined || dependencies.notebookKernels.referenceOf(chosen)?.kernelId === undefined)
    throw problem(t('The notebook in front has no remote kernel that runs.'));
  if (!(await isSure(dependencies, { kind: 'notebook', notebook: chosen }))) return;
  if (!(await dependencies.notebookKernels.restart(chosen))) return;
  await vscode.commands.executeCommand('notebook.execute', chosen.uri);
};

async function isSure(dependencies: CommandDependencies, subject: KernelSubject): Promise<boolean> {
  const names = subjectNames(dependencies, subject);
  return await askModally({
    message: t('Restart the kernel of {0} on {1}?', names.kernel, names.host),
    detail: t('Its variables are lost. What runs in it ends.'),
    accept: t('Restart'),
  });
}
