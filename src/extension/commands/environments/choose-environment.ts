import { t } from '@vscode/l10n';
import { chooseUsableEnvironment, notebookInFront, problem } from '../choose';
import type { CommandHandler } from '../handler';

/** *Choose Environment…*: for the notebook in front. The kernel starts with the first cell. */
export const chooseEnvironment: CommandHandler = async (dependencies, { target, notebook }) => {
  const chosenFor = notebook ?? notebookInFront();
  if (chosenFor === undefined) throw problem(t('Open a notebook first.'));
  const chosen = await chooseUsableEnvironment(dependencies, target, t('Choose Environment'));
  if (chosen === undefined) return;
  await dependencies.notebookKernels.useEnvironment(chosenFor, {
    hostId: chosen.host.id,
    environmentId: chosen.environment.id,
  });
};
