import { t } from '@vscode/l10n';
import { chooseKernel, notebookInFront, requireTrust } from '../choose';
import type { CommandHandler } from '../handler';
import { openNotebookOnKernel } from './open-notebook';

/** *Attach to Running Kernel…*: the notebook in front goes on with a kernel that runs; without a notebook, one is opened for it. */
export const attachKernel: CommandHandler = async (dependencies, { target, notebook }) => {
  requireTrust();
  const chosen = await chooseKernel(dependencies, target, t('Attach to Running Kernel'));
  if (chosen === undefined) return;
  const attached = notebook ?? notebookInFront();
  if (attached === undefined) await openNotebookOnKernel(dependencies, chosen);
  else await dependencies.notebookKernels.attach(attached, chosen.host.id, chosen.kernel.id);
};
