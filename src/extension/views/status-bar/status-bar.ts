import { isDeepStrictEqual } from 'node:util';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../../base/disposable';
import { escapeCodicons } from '../../../base/text';
import { systemClock } from '../../../base/time';
import { commandIds } from '../../commands/ids';
import type { NotebookKernelReference, NotebookKernels } from '../../editor/notebook-kernels';
import type { Host, Hosts } from '../../hosts/host';
import type { ConnectionError } from '../../transports/transport';
import { createBatch } from '../batch';
import { watchHosts } from '../host-watch';
import { countsDown, statusBarText, type StatusBarText } from './status-bar-text';

const drawIntervalMs = 200;

/** What the status bar shows and whom it asks. */
export interface StatusBarOptions {
  readonly hosts: Hosts;
  readonly notebookKernels: NotebookKernels;
  readonly describeError: (error: ConnectionError, host: Host) => string;
  readonly locale: string;
}

/** Puts connections and the remote folder of the notebook in front into the status bar. The caller disposes it. */
export function createStatusBar(options: StatusBarOptions): Disposable {
  const { hosts, notebookKernels, describeError, locale } = options;
  const owned = new DisposableStore();
  const connection = owned.add(
    vscode.window.createStatusBarItem('remoteKernels.connection', vscode.StatusBarAlignment.Left, 40),
  );
  connection.name = 'Remote Kernels';
  const folder = owned.add(
    vscode.window.createStatusBarItem('remoteKernels.folder', vscode.StatusBarAlignment.Right, 100),
  );
  folder.name = t('Remote Folder');
  let shown: StatusBarText | undefined;
  const draw = () => {
    const now = systemClock.now();
    const notebook = notebookInFront(notebookKernels);
    const text = statusBarText({
      hosts: hosts.all,
      ...(notebook === undefined ? {} : { notebook }),
      moment: { now, locale },
      describeError,
    });
    if (text === undefined) connection.hide();
    else drawConnection(connection, text, shown);
    shown = text;
    drawFolder(folder, notebook, hosts);
    if (countsDown(hosts.all)) batch.requestAt(now + 1000);
  };
  const batch = owned.add(createBatch(draw, drawIntervalMs, systemClock));
  owned.add(watchHosts(hosts, () => batch.request()));
  owned.add(notebookKernels.onDidChange(() => batch.request()));
  owned.add(vscode.window.onDidChangeActiveNotebookEditor(() => batch.request()));
  draw();
  return owned;
}

function notebookInFront(notebookKernels: NotebookKernels): NotebookKernelReference | undefined {
  const editor = vscode.window.activeNotebookEditor;
  return editor === undefined ? undefined : notebookKernels.referenceOf(editor.notebook);
}

/**
 * Draws the item. Command and tooltip are handed over only when they changed: the editor would take an open tooltip away with every second of a
 * countdown.
 */
function drawConnection(item: vscode.StatusBarItem, text: StatusBarText, before?: StatusBarText): void {
  item.text = text.text;
  item.backgroundColor =
    text.background === undefined
      ? undefined
      : new vscode.ThemeColor(`statusBarItem.${text.background}Background`);
  if (!isDeepStrictEqual(text.command, before?.command)) {
    item.command = {
      command: text.command.id,
      title: text.command.title,
      arguments: text.command.target === undefined ? [] : [text.command.target],
    };
  }
  if (text.tooltip !== before?.tooltip) {
    const tooltip = new vscode.MarkdownString(text.tooltip);
    tooltip.isTrusted = { enabledCommands: text.links };
    item.tooltip = tooltip;
  }
  if (text.accessibilityLabel !== before?.accessibilityLabel)
    item.accessibilityInformation = { label: text.accessibilityLabel, role: 'button' };
  item.show();
}

/** `lab-7:~/project`: where the code of the notebook in front runs. */
function drawFolder(
  item: vscode.StatusBarItem,
  notebook: NotebookKernelReference | undefined,
  hosts: Hosts,
): void {
  const host = notebook === undefined ? undefined : hosts.get(notebook.hostId);
  if (notebook === undefined || host === undefined) {
    item.hide();
    return;
  }
  const place = `${host.name}:${notebook.remoteFolder}`;
  item.text = `$(folder) ${escapeCodicons(place)}`;
  item.command = commandIds.chooseRemoteFolder;
  item.tooltip = t('The code of this notebook runs in {0}. Click to choose another folder.', place);
  item.accessibilityInformation = { label: t('Remote folder {0}', place), role: 'button' };
  item.show();
}
