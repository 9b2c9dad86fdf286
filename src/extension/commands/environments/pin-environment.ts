import { t } from '@vscode/l10n';
import { chooseEnvironment } from '../choose';
import type { CommandHandler } from '../handler';

/** *Keep in Kernel Picker*: the environment is offered to every notebook. */
export const pinEnvironment: CommandHandler = async (dependencies, { target }) => {
  const chosen = await chooseEnvironment(dependencies, target, t('Keep in Kernel Picker'));
  if (chosen === undefined) return;
  await dependencies.notebookKernels.pin({ hostId: chosen.host.id, environmentId: chosen.environment.id });
  dependencies.hostsView.refresh();
};

/** *Remove from Kernel Picker*: it stays with the notebooks that use it. */
export const unpinEnvironment: CommandHandler = async (dependencies, { target }) => {
  const { hostId, environmentId } = target;
  if (hostId === undefined || environmentId === undefined) return;
  await dependencies.notebookKernels.unpin({ hostId, environmentId });
  dependencies.hostsView.refresh();
};
