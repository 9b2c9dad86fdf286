import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { escapeCodicons } from '../../base/text';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { commandIds } from '../commands/ids';
import { isLost } from '../hosts/host-state';
import { cellLines, type KernelReach } from './cell-lines';
import { notebookType } from './controllers';
import { timeOf } from './kernel-link';
import type { OpenNotebook } from './open-notebook';

/**
 * The lines below cells: that a running cell's host is away, that output may be missing, what cannot be shown, and on the first code cell
 * where the notebook's code runs.
 */
export class StatusItems implements vscode.NotebookCellStatusBarItemProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly changes = new vscode.EventEmitter<void>();
  private readonly notes = new WeakMap<vscode.NotebookCell, string>();
  private rendered: ReadonlySet<string> | undefined;

  readonly onDidChangeCellStatusBarItems = this.changes.event;

  constructor(private readonly find: (notebook: vscode.NotebookDocument) => OpenNotebook | undefined) {}

  /** Shows them from now on. */
  start(): void {
    this.store.add(this.changes);
    this.store.add(vscode.notebooks.registerNotebookCellStatusBarItemProvider(notebookType, this));
    this.store.add(
      vscode.extensions.onDidChange(() => {
        this.rendered = undefined;
        this.refresh();
      }),
    );
  }

  /** Asks the editor to look again. */
  refresh(): void {
    this.changes.fire();
  }

  /** A quiet line below a cell; `undefined` takes it away. */
  note(cell: vscode.NotebookCell, text: string | undefined): void {
    if (this.notes.get(cell) === text) return;
    if (text === undefined) this.notes.delete(cell);
    else this.notes.set(cell, text);
    this.refresh();
  }

  provideCellStatusBarItems(cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
    if (cell.kind !== vscode.NotebookCellKind.Code) return [];
    const open = this.find(cell.notebook);
    if (open?.remembered === undefined) return [];
    const link = open.current;
    const run = link?.execution.current;
    const isRunning = run !== undefined && run.surface.key === cell.document.uri.toString();
    this.rendered ??= renderedByExtensions();
    const lines = cellLines(
      {
        hostName: open.host?.name ?? '',
        runningSince: isRunning ? (run.startedAt ?? Date.now()) : undefined,
        reach: reachOf(open),
        note: this.notes.get(cell),
        outputMimes: cell.outputs.map((output) => output.items.map((item) => item.mime)),
        rendered: this.rendered,
      },
      timeOf,
    );
    const items = lines.map((line) => {
      const text = `$(${line.icon}) ${escapeCodicons(line.text)}`;
      const item = new vscode.NotebookCellStatusBarItem(text, vscode.NotebookCellStatusBarAlignment.Left);
      item.priority = 10;
      if (line.tooltip !== undefined) item.tooltip = line.tooltip;
      item.accessibilityInformation = { label: line.text };
      return item;
    });
    return isFirstCodeCell(cell) ? [...items, folderItem(open)] : items;
  }

  dispose(): void {
    this.store.dispose();
  }
}

function reachOf({ current, isOfAnother }: OpenNotebook): KernelReach {
  if (current === undefined) return 'open';
  if (isOfAnother) return 'of-another';
  const { host, kernel } = current;
  if (kernel.isOpen && host.agent.isAttached) return 'open';
  const { kind } = host.state;
  const isComing = isLost(host.state) || kind === 'connecting' || kind === 'connected';
  return isComing ? 'coming-back' : 'left';
}

function folderItem(open: OpenNotebook): vscode.NotebookCellStatusBarItem {
  const place = `${open.host?.name ?? ''}:${open.remoteFolder}`;
  const item = new vscode.NotebookCellStatusBarItem(
    `$(folder) ${escapeCodicons(place)}`,
    vscode.NotebookCellStatusBarAlignment.Right,
  );
  item.command = commandIds.chooseRemoteFolder;
  item.tooltip = t('The code of this notebook runs there. Choose another folder…');
  item.accessibilityInformation = { label: t('Remote folder {0}, choose another', place) };
  return item;
}

function isFirstCodeCell(cell: vscode.NotebookCell): boolean {
  const first = cell.notebook.getCells().find(({ kind }) => kind === vscode.NotebookCellKind.Code);
  return first === cell;
}

/** MIME types for which some extension of the editor has a renderer. */
function renderedByExtensions(): ReadonlySet<string> {
  const mimes = new Set<string>();
  for (const { packageJSON } of vscode.extensions.all) {
    const manifest: unknown = packageJSON;
    for (const renderer of renderersOf(manifest)) for (const mime of renderer) mimes.add(mime);
  }
  return mimes;
}

function renderersOf(manifest: unknown): string[][] {
  const contributes = property(manifest, 'contributes');
  const renderers = property(contributes, 'notebookRenderer');
  if (!Array.isArray(renderers)) return [];
  return renderers.map((renderer) => {
    const mimes = property(renderer, 'mimeTypes');
    return Array.isArray(mimes) ? mimes.filter((mime) => typeof mime === 'string') : [];
  });
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
