import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore } from '../../../base/disposable';
import { isAbortError } from '../../../base/errors';
import { toSingleLine } from '../../../base/text';
import { withDeadline } from '../../../base/time';
import type { Folders } from '../../../protocol/agent';
import type { Host } from '../../hosts/host';
import { folderItems, type FolderStep } from './folder-items';

const listTimeoutMs = 15_000;

interface FolderLine extends vscode.QuickPickItem {
  readonly step: FolderStep;
}

/**
 * A walk through the folders of a host: a line opens its folder, *Use This Folder* chooses. A path that cannot be opened leaves the list where it
 * was and says so in its title. Resolves with the absolute path, or `undefined` when it was dismissed.
 */
export async function pickRemoteFolder(
  host: Host,
  { title, path }: { readonly title: string; readonly path: string },
): Promise<string | undefined> {
  const owned = new DisposableStore();
  const closed = new AbortController();
  owned.addRelease(() => closed.abort(new DOMException('closed', 'AbortError')));
  const list = owned.add(vscode.window.createQuickPick<FolderLine>());
  list.title = title;
  list.placeholder = t('Choose a folder on {0}, or type a path', host.name);
  list.ignoreFocusOut = true;
  let folders: Folders | undefined;
  let asked = 0;
  const draw = () => {
    if (folders === undefined) return;
    list.items = folderItems(folders, host.agent.hello?.homeFolder, list.value).map((item) => ({
      label: item.label,
      description: item.description,
      iconPath: new vscode.ThemeIcon(item.icon),
      alwaysShow: item.isAlwaysShown,
      step: item.step,
    }));
  };
  const open = async (wanted: string, otherwise?: string, heading = title): Promise<void> => {
    const number = ++asked;
    list.busy = true;
    try {
      const answer = await host.agent.listFolders(
        wanted,
        withDeadline(listTimeoutMs, t('the folders of {0}', host.name), closed.signal),
      );
      if (number !== asked) return;
      folders = answer;
      list.title = heading;
      list.value = '';
      draw();
    } catch (error) {
      if (number !== asked || closed.signal.aborted) return;
      const notice = isAbortError(error)
        ? t('{0} — {1} does not answer', title, host.name)
        : t('{0} — {1} cannot be opened', title, toSingleLine(wanted, 80));
      list.title = notice;
      if (otherwise !== undefined) await open(otherwise, undefined, notice);
    } finally {
      if (number === asked) list.busy = false;
    }
  };
  try {
    return await new Promise<string | undefined>((resolve) => {
      owned.add(list.onDidChangeValue(draw));
      owned.add(list.onDidHide(() => resolve(undefined)));
      owned.add(
        list.onDidAccept(() => {
          const step = list.selectedItems[0]?.step;
          if (step?.kind === 'choose') resolve(step.path);
          else if (step !== undefined) void open(step.path);
        }),
      );
      list.show();
      void open(path, '~');
    });
  } finally {
    owned.dispose();
  }
}
