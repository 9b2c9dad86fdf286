import * as vscode from 'vscode';
import type { CommandTarget } from '../../editor/command-target';
import type { TreeRow } from './row';

/**
 * What the editor holds for a row. The same object for the same thing for as long as it is shown; menus hand it to commands, which read it as a
 * target.
 */
export interface TreeNode extends CommandTarget {
  readonly nodeId: string;
}

/** Rows with this scheme are drawn greyed; nothing is ever opened by it. */
const greyedScheme = 'remote-kernels-greyed';

/** Draws a row. The tooltip is made when the pointer rests on it. */
export function toTreeItem(row: TreeRow): vscode.TreeItem {
  const item = new vscode.TreeItem(
    row.label,
    {
      none: vscode.TreeItemCollapsibleState.None,
      collapsed: vscode.TreeItemCollapsibleState.Collapsed,
      expanded: vscode.TreeItemCollapsibleState.Expanded,
    }[row.expansion],
  );
  item.id = row.id;
  item.description = row.description;
  item.iconPath = new vscode.ThemeIcon(
    row.icon.id,
    row.icon.color === undefined ? undefined : new vscode.ThemeColor(row.icon.color),
  );
  item.contextValue = row.contextValue;
  item.accessibilityInformation = { label: row.accessibilityLabel };
  if (row.isGreyed) item.resourceUri = vscode.Uri.from({ scheme: greyedScheme, path: `/${row.id}` });
  return item;
}

/** The tooltip of a row: Markdown in which nothing is trusted and no link or icon of the remote side lives. */
export function toTooltip(row: TreeRow): vscode.MarkdownString | undefined {
  if (row.tooltip === '') return undefined;
  const markdown = new vscode.MarkdownString(row.tooltip);
  markdown.isTrusted = false;
  markdown.supportHtml = false;
  markdown.supportThemeIcons = false;
  return markdown;
}

/** Greys the labels of rows whose thing is not there. */
export const greyedRows: vscode.FileDecorationProvider = {
  provideFileDecoration: (uri) =>
    uri.scheme === greyedScheme
      ? new vscode.FileDecoration(undefined, undefined, new vscode.ThemeColor('disabledForeground'))
      : undefined,
};
