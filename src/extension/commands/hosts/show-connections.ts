import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { CommandTarget } from '../../editor/command-target';
import type { Choice } from '../../editor/pickers';
import { isLost } from '../../hosts/host-state';
import type { Host } from '../../hosts/host';
import { notebookInFront } from '../choose';
import type { CommandHandler } from '../handler';
import { commandIds, type CommandId } from '../ids';

interface Action {
  readonly command: CommandId;
  readonly target: CommandTarget;
}

/** *Show Connections*: what the status bar opens. The verbs for the notebook in front, then those for each host that is connected or lost. */
export const showConnections: CommandHandler = async ({ hosts, pickers, notebookKernels }) => {
  const notebook = notebookInFront();
  const reference = notebook === undefined ? undefined : notebookKernels.referenceOf(notebook);
  const members = hosts.all.filter((host) => host.state.kind !== 'disconnected');
  const choices: Choice<Action>[] = [
    ...(reference === undefined ? [] : notebookActions(reference.environmentName, reference.kernelId)),
    ...members.flatMap(hostActions),
    choice('vm-connect', t('Connect to Remote'), '', commandIds.connect, {}),
    choice('output', t('Show Log'), '', commandIds.showLog, {}),
  ];
  const chosen = await pickers.pickOne(t('Remote Kernels'), choices);
  if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command, chosen.target);
};

function notebookActions(name: string, kernelId: string | undefined): Choice<Action>[] {
  const place = t('this notebook, {0}', name);
  return [
    ...(kernelId === undefined
      ? []
      : [
          choice('debug-stop', t('Interrupt'), place, commandIds.interrupt, {}),
          choice('debug-restart', t('Restart'), place, commandIds.restart, {}),
        ]),
    choice('server-environment', t('Choose Environment…'), place, commandIds.chooseEnvironment, {}),
    choice('folder-opened', t('Choose Remote Folder…'), place, commandIds.chooseRemoteFolder, {}),
  ];
}

function hostActions(host: Host): Choice<Action>[] {
  const target = { hostId: host.id };
  if (host.state.kind === 'connected') {
    return [
      choice('notebook', t('Open Notebook Here'), host.name, commandIds.openNotebook, target),
      choice('list-tree', t('List Environments'), host.name, commandIds.listEnvironments, target),
      choice('debug-disconnect', t('Disconnect'), host.name, commandIds.disconnect, target),
    ];
  }
  if (isLost(host.state)) {
    return [
      choice('sync', t('Reconnect'), host.name, commandIds.reconnect, target),
      choice('debug-disconnect', t('Disconnect'), host.name, commandIds.disconnect, target),
    ];
  }
  if (host.state.kind === 'key-changed')
    return [choice('shield', t('Replace the Key…'), host.name, commandIds.replaceKey, target)];
  return [choice('vm-connect', t('Connect'), host.name, commandIds.connect, target)];
}

function choice(
  icon: string,
  title: string,
  description: string,
  command: CommandId,
  target: CommandTarget,
): Choice<Action> {
  return { label: `$(${icon}) ${title}`, description, value: { command, target } };
}
