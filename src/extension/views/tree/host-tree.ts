import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../../base/disposable';
import type { Logger } from '../../../base/logger';
import { systemClock, type Clock } from '../../../base/time';
import type { CommandTarget } from '../../editor/command-target';
import type { NotebookKernels } from '../../editor/notebook-kernels';
import type { HostsView } from '../../editor/pickers';
import type { Host, Hosts } from '../../hosts/host';
import type { ConnectionError } from '../../transports/transport';
import { createBatch, type Batch } from '../batch';
import { watchHosts } from '../host-watch';
import { hostRowId } from './host-row';
import { nextOrder, sortHosts, type ShownOrder } from './host-order';
import { nextTickMs } from './next-tick';
import type { TreeRow } from './row';
import { changedRows } from './tree-difference';
import { greyedRows, toTooltip, toTreeItem, type TreeNode } from './tree-item';
import { isInTree, treeRows } from './tree-model';

/** Changes within this time are drawn together. */
const drawIntervalMs = 200;

/** What the tree shows and whom it asks. */
export interface HostTreeOptions {
  readonly hosts: Hosts;
  readonly notebookKernels: NotebookKernels;
  readonly hiddenEnvironments: () => readonly string[];
  /** A sentence on why a host is not connected. */
  readonly describeError: (error: ConnectionError, host: Host) => string;
  readonly locale: string;
  readonly logger: Logger;
}

/** Puts the tree into the side bar. The caller disposes it. */
export function createHostTree(options: HostTreeOptions): HostTree {
  const tree = new HostTree(options, systemClock);
  tree.start();
  return tree;
}

/**
 * The tree of hosts, environments and kernels. It holds no state of its own: every drawing makes all rows anew from the model, compares them with
 * those on the screen, and has only what changed drawn again.
 */
export class HostTree implements vscode.TreeDataProvider<TreeNode>, HostsView, Disposable {
  private readonly owned = new DisposableStore();
  private readonly changes = this.owned.add(new vscode.EventEmitter<TreeNode | undefined>());
  private readonly nodes = new Map<string, TreeNode>();
  private readonly rows = new Map<string, TreeRow>();
  private readonly parents = new Map<string, string>();
  private roots: readonly TreeRow[] = [];
  private order: ShownOrder = { ids: [], changedAt: Number.NEGATIVE_INFINITY };
  private batch: Batch | undefined;
  private view: vscode.TreeView<TreeNode> | undefined;

  readonly onDidChangeTreeData = this.changes.event;

  constructor(
    private readonly options: HostTreeOptions,
    private readonly clock: Clock,
  ) {}

  /** Shows the tree and follows the model. Called once. */
  start(): void {
    const { hosts, notebookKernels } = this.options;
    const batch = this.owned.add(createBatch(() => this.draw(), drawIntervalMs, this.clock));
    this.batch = batch;
    this.model();
    const view = this.owned.add(
      vscode.window.createTreeView('remoteKernels.hosts', { treeDataProvider: this, showCollapseAll: true }),
    );
    this.view = view;
    this.owned.add(vscode.window.registerFileDecorationProvider(greyedRows));
    this.owned.add(view.onDidChangeVisibility(() => batch.request()));
    this.owned.add(watchHosts(hosts, () => batch.request()));
    this.owned.add(notebookKernels.onDidChange(() => batch.request()));
  }

  /** Draws again, for what no event tells: settings and pinned environments. */
  refresh(): void {
    this.batch?.request();
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const row = this.rows.get(node.nodeId);
    return row === undefined ? new vscode.TreeItem('') : toTreeItem(row);
  }

  resolveTreeItem(item: vscode.TreeItem, node: TreeNode): vscode.TreeItem {
    const row = this.rows.get(node.nodeId);
    const tooltip = row === undefined ? undefined : toTooltip(row);
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  getChildren(node?: TreeNode): TreeNode[] {
    const rows = node === undefined ? this.roots : (this.rows.get(node.nodeId)?.children ?? []);
    return rows.map((row) => this.nodeOf(row));
  }

  getParent(node: TreeNode): TreeNode | undefined {
    const parent = this.parents.get(node.nodeId);
    return parent === undefined ? undefined : this.nodes.get(parent);
  }

  async reveal(target: CommandTarget): Promise<void> {
    this.draw();
    const row = this.rows.get(rowIdOf(target, true)) ?? this.rows.get(rowIdOf(target, false));
    if (row === undefined || this.view === undefined) return;
    try {
      await this.view.reveal(this.nodeOf(row), { select: true, focus: false, expand: 2 });
    } catch (error) {
      this.options.logger.debug(`the row ${row.id} went before it could be shown: ${String(error)}`);
    }
  }

  dispose(): void {
    this.owned.dispose();
  }

  private draw(): void {
    const before = this.roots;
    this.model();
    const changed = changedRows(before, this.roots);
    if (changed === 'root') {
      this.changes.fire(undefined);
      return;
    }
    for (const id of changed) {
      const node = this.nodes.get(id);
      if (node !== undefined) this.changes.fire(node);
    }
  }

  /** Makes the rows and decides when they have to be made again although nothing happens: countdowns and durations go on. */
  private model(): void {
    const { hosts, hiddenEnvironments, notebookKernels, describeError, locale } = this.options;
    const now = this.clock.now();
    const shown = hosts.all.filter(isInTree);
    this.order = nextOrder(this.order, sortHosts(shown), now);
    if (this.order.recheckAt !== undefined) this.batch?.requestAt(this.order.recheckAt);
    const ordered = this.order.ids
      .map((id) => hosts.get(id))
      .filter((host): host is Host => host !== undefined);
    this.roots = treeRows(ordered, {
      moment: { now, locale },
      hiddenEnvironments: hiddenEnvironments(),
      isPinned: (environment) => notebookKernels.isPinned(environment),
      describeError,
      notebookPathOf: (hostId, kernelId) => notebookPathOf(notebookKernels, hostId, kernelId),
    });
    this.index();
    const tickMs = this.view?.visible === false ? undefined : nextTickMs(ordered, now);
    if (tickMs !== undefined) this.batch?.requestAt(now + tickMs);
  }

  private index(): void {
    this.rows.clear();
    this.parents.clear();
    const visit = (row: TreeRow, parent?: TreeRow) => {
      this.rows.set(row.id, row);
      if (parent !== undefined) this.parents.set(row.id, parent.id);
      for (const child of row.children) visit(child, row);
    };
    for (const row of this.roots) visit(row);
    for (const id of this.nodes.keys()) if (!this.rows.has(id)) this.nodes.delete(id);
  }

  private nodeOf(row: TreeRow): TreeNode {
    const known = this.nodes.get(row.id);
    if (known !== undefined) return known;
    const node: TreeNode = { nodeId: row.id, ...row.target };
    this.nodes.set(row.id, node);
    return node;
  }
}

function rowIdOf({ hostId, kernelId, environmentId }: CommandTarget, hasChildren: boolean): string {
  if (hostId !== undefined && kernelId !== undefined) return `kernel/${hostId}/${kernelId}`;
  if (hostId !== undefined && environmentId !== undefined) return `environment/${hostId}/${environmentId}`;
  return hostRowId(hostId ?? '', hasChildren);
}

function notebookPathOf(
  notebookKernels: NotebookKernels,
  hostId: string,
  kernelId: string,
): string | undefined {
  const notebook = vscode.workspace.notebookDocuments.find((candidate) => {
    const reference = notebookKernels.referenceOf(candidate);
    return reference?.hostId === hostId && reference.kernelId === kernelId;
  });
  return notebook === undefined ? undefined : notebook.uri.fsPath;
}
