import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { EnvironmentReference } from '../editor/notebook-kernels';
import type { Host, Hosts } from '../hosts/host';
import {
  chooseControllerId,
  chooseControllerText,
  environmentControllerId,
  environmentControllerText,
  type ControllerText,
} from './controller-text';
import { defaultFolderOf } from './remote-folder';
import type { RememberedEnvironments } from './remembered-environments';

/** The notebook type of the editor's own serializer for `.ipynb` files. */
export const notebookType = 'jupyter-notebook';

/** What a controller stands for. */
export type ControllerTarget =
  | ({ readonly kind: 'environment' } & EnvironmentReference)
  | { readonly kind: 'choose'; readonly hostId: string };

/** What the controllers need and whom they tell. */
export interface ControllersOptions {
  readonly hosts: Hosts;
  readonly environments: RememberedEnvironments;
  readonly extensionId: string;
  readonly defaultRemoteFolder: () => string;
  readonly logger: Logger;
  /** The person runs cells. Never rejects. */
  readonly run: (
    cells: readonly vscode.NotebookCell[],
    notebook: vscode.NotebookDocument,
    target: ControllerTarget,
  ) => Promise<void>;
  readonly interrupt: (notebook: vscode.NotebookDocument) => Promise<void>;
  /** A notebook uses the controller from now on, by choice or because the editor remembered it. */
  readonly selected: (notebook: vscode.NotebookDocument, target: ControllerTarget) => void;
}

interface Entry extends Disposable {
  readonly controller: vscode.NotebookController;
  readonly target: ControllerTarget;
}

/**
 * The controllers in the editor's kernel picker: one for each remembered environment of a known host, and *Choose on …* for each host that a
 * person has to do with. Few on purpose: controllers cannot be hidden for a document, and every one of them stands in every notebook's picker.
 */
export class Controllers implements Disposable {
  private readonly entries = new Map<string, Entry>();
  private readonly selections = new WeakMap<vscode.NotebookDocument, Entry>();

  constructor(private readonly options: ControllersOptions) {}

  /** Makes, updates and removes controllers so that they fit what is known now. Needs no network. */
  refresh(): void {
    const { hosts, environments, defaultRemoteFolder } = this.options;
    const wanted = new Set<string>();
    for (const environment of environments.all()) {
      const host = hosts.get(environment.hostId);
      if (host === undefined) continue;
      const id = environmentControllerId(environment);
      const isHere = host.sources.has('this-machine');
      const folder = defaultFolderOf(defaultRemoteFolder(), t('the notebook’s folder'), isHere);
      const text = environmentControllerText(environment, describe(host), folder);
      const { hostId, environmentId } = environment;
      this.show(id, text, { kind: 'environment', hostId, environmentId });
      wanted.add(id);
    }
    for (const host of hosts.all) {
      if (!isOffered(host)) continue;
      const id = chooseControllerId(host.id);
      this.show(id, chooseControllerText(describe(host)), { kind: 'choose', hostId: host.id });
      wanted.add(id);
    }
    for (const [id, entry] of this.entries) {
      if (wanted.has(id)) continue;
      this.entries.delete(id);
      // A controller that is gone begins no execution; the editor does not say that it was deselected.
      for (const notebook of vscode.workspace.notebookDocuments)
        if (this.selections.get(notebook) === entry) this.selections.delete(notebook);
      entry.dispose();
    }
  }

  /** What the notebook uses of ours, as far as the editor has said. */
  selectedFor(notebook: vscode.NotebookDocument): ControllerTarget | undefined {
    return this.selections.get(notebook)?.target;
  }

  /** Begins an execution. Throws when the notebook does not use a controller of ours, or the cell is running. */
  createExecution(cell: vscode.NotebookCell): vscode.NotebookCellExecution {
    const entry = this.selections.get(cell.notebook);
    if (entry === undefined) throw new Error('the notebook uses no controller of ours');
    return entry.controller.createNotebookCellExecution(cell);
  }

  /** Selects the environment's controller for the notebook; resolves with whether the editor did. */
  async select(notebook: vscode.NotebookDocument, reference: EnvironmentReference): Promise<boolean> {
    this.refresh();
    const id = environmentControllerId(reference);
    const entry = this.entries.get(id);
    if (entry === undefined) return false;
    entry.controller.updateNotebookAffinity(notebook, vscode.NotebookControllerAffinity.Preferred);
    if (this.selections.get(notebook) === entry) return true;
    const editor = await showNotebook(notebook);
    await vscode.commands.executeCommand('notebook.selectKernel', {
      id,
      extension: this.options.extensionId,
      notebookEditor: editor,
    });
    return await this.becameSelected(notebook, entry);
  }

  /** Offers the environment first for this notebook. */
  prefer(notebook: vscode.NotebookDocument, reference: EnvironmentReference): void {
    const entry = this.entries.get(environmentControllerId(reference));
    entry?.controller.updateNotebookAffinity(notebook, vscode.NotebookControllerAffinity.Preferred);
  }

  dispose(): void {
    for (const entry of this.entries.values()) entry.dispose();
    this.entries.clear();
  }

  /** The command resolves before the event of the selection has arrived here. */
  private becameSelected(notebook: vscode.NotebookDocument, entry: Entry): Promise<boolean> {
    if (this.selections.get(notebook) === entry) return Promise.resolve(true);
    return new Promise((resolve) => {
      const subscription = entry.controller.onDidChangeSelectedNotebooks((change) => {
        if (change.notebook === notebook && change.selected) end(true);
      });
      const timer = setTimeout(() => end(this.selections.get(notebook) === entry), 3000);
      const end = (isSelected: boolean) => {
        clearTimeout(timer);
        subscription.dispose();
        resolve(isSelected);
      };
    });
  }

  private show(id: string, text: ControllerText, target: ControllerTarget): void {
    const entry = this.entries.get(id) ?? this.create(id, text, target);
    const { controller } = entry;
    // Each assignment is a message to the editor.
    if (controller.label !== text.label) controller.label = text.label;
    if (controller.description !== text.description) controller.description = text.description;
    if (controller.detail !== text.detail) controller.detail = text.detail;
  }

  private create(id: string, text: ControllerText, target: ControllerTarget): Entry {
    const { run, interrupt, selected, logger } = this.options;
    const store = new DisposableStore();
    const controller = store.add(
      vscode.notebooks.createNotebookController(id, notebookType, text.label, (cells, notebook) =>
        run(cells, notebook, target),
      ),
    );
    controller.supportsExecutionOrder = true;
    controller.interruptHandler = (notebook) => interrupt(notebook);
    const entry: Entry = { controller, target, dispose: () => store.dispose() };
    store.add(
      controller.onDidChangeSelectedNotebooks(({ notebook, selected: isSelected }) => {
        try {
          if (isSelected) {
            this.selections.set(notebook, entry);
            selected(notebook, target);
          } else if (this.selections.get(notebook) === entry) this.selections.delete(notebook);
        } catch (error) {
          logger.error(`selection of a kernel: ${toError(error).message}`, error);
        }
      }),
    );
    this.entries.set(id, entry);
    return entry;
  }
}

/** A network can be full of hosts; offered are those that a person connected to, saved, or sits at. */
function isOffered(host: Host): boolean {
  return host.sources.has('this-machine') || host.sources.has('saved') || host.state.kind !== 'disconnected';
}

function describe(host: Host): { readonly name: string; readonly isConnected: boolean } {
  return { name: host.name, isConnected: host.state.kind === 'connected' };
}

/** The kernel of a notebook can only be selected in an editor that shows it. */
async function showNotebook(notebook: vscode.NotebookDocument): Promise<vscode.NotebookEditor> {
  const visible = vscode.window.visibleNotebookEditors.find((editor) => editor.notebook === notebook);
  return visible ?? (await vscode.window.showNotebookDocument(notebook));
}
