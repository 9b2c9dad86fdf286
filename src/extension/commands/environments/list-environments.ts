import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { canRunKernels } from '../../../protocol/environments';
import type { Choice } from '../../editor/pickers';
import { chooseEnvironment, notebookInFront } from '../choose';
import type { CommandHandler } from '../handler';
import { commandIds, type CommandId } from '../ids';

/** *List Environments*: those of one host or of all, and then what can be done with the chosen one. */
export const listEnvironments: CommandHandler = async (dependencies, { target }) => {
  const chosen = await chooseEnvironment(dependencies, target, t('Environments'));
  if (chosen === undefined) return;
  const { host, environment } = chosen;
  const choices: Choice<CommandId>[] = [];
  if (canRunKernels(environment)) {
    if (notebookInFront() !== undefined)
      choices.push({
        label: `$(server-environment) ${t('Use in This Notebook')}`,
        value: commandIds.chooseEnvironment,
      });
    choices.push(
      { label: `$(notebook) ${t('Open Notebook Here')}`, value: commandIds.openNotebook },
      { label: `$(play) ${t('Start Kernel')}`, value: commandIds.startKernel },
    );
  } else if (environment.problem === undefined && host.agent.capabilities.canChangeEnvironments) {
    choices.push({
      label: `$(copy) ${t('Copy Command That Installs ipykernel')}`,
      value: commandIds.copyInstallCommand,
    });
  }
  choices.push({
    label: `$(copy) ${t('Copy Path')}`,
    description: environment.prefix,
    value: commandIds.copyPath,
  });
  const command = await dependencies.pickers.pickOne(`${environment.name} · ${host.name}`, choices);
  if (command === undefined) return;
  await vscode.commands.executeCommand(command, { hostId: host.id, environmentId: environment.id });
};
