import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { EnvironmentReference } from '../editor/notebook-kernels';
import { notebookType } from './controllers';
import type { NotebookContext } from './notebook-context';
import { OpenNotebook } from './open-notebook';
import { isSameEnvironment } from './remembered-environments';
import { hasSameCells } from './saved-as';

/** A selection within this time after opening is the editor's memory, later it is a person's choice. */
const settlingMs = 1500;

interface RenamedFile {
  readonly oldUri: vscode.Uri;
  readonly newUri: vscode.Uri;
}

/** The notebooks that are open in this window. Follows them when they are renamed, saved under a first name, or closed. */
export class OpenNotebooks implements Disposable {
  private readonly store = new DisposableStore();
  private readonly known = new Map<vscode.NotebookDocument, OpenNotebook>();
  /** Documents that are about to be opened under another name: the editor's own memory of their kernel does not follow. */
  private readonly moved = new Set<string>();
  private readonly openedAt = new WeakMap<vscode.NotebookDocument, number>();

  constructor(private readonly context: NotebookContext) {}

  /** Takes what is open already and begins to listen. To be called once. */
  start(): void {
    for (const notebook of vscode.workspace.notebookDocuments) this.onOpened(notebook);
    this.store.add(vscode.workspace.onDidOpenNotebookDocument((notebook) => this.onOpened(notebook)));
    this.store.add(vscode.workspace.onDidCloseNotebookDocument((notebook) => this.onClosed(notebook)));
    this.store.add(
      vscode.workspace.onWillRenameFiles((event) => {
        event.waitUntil(this.copy(event.files));
      }),
    );
    this.store.add(
      vscode.workspace.onDidRenameFiles((event) => {
        this.forgetOld(event.files).catch((error: unknown) =>
          this.context.logger.warn(
            `a renamed notebook is still known by its old name: ${toError(error).message}`,
          ),
        );
      }),
    );
  }

  /** The notebook with its kernel; made when it is asked for first. */
  get(notebook: vscode.NotebookDocument): OpenNotebook {
    const known = this.known.get(notebook) ?? new OpenNotebook(this.context, notebook);
    if (!notebook.isClosed) this.known.set(notebook, known);
    return known;
  }

  /** The notebook, if it is one that could use kernels of ours. */
  find(notebook: vscode.NotebookDocument): OpenNotebook | undefined {
    return notebook.notebookType === notebookType ? this.get(notebook) : undefined;
  }

  /** The notebook that has this cell, if it uses a kernel of ours at the moment. */
  findCell(document: vscode.TextDocument): OpenNotebook | undefined {
    for (const open of this.known.values()) {
      if (open.current === undefined) continue;
      const path = open.notebook.uri.path;
      if (path !== document.uri.path) continue;
      if (open.notebook.getCells().some((cell) => cell.document === document)) return open;
    }
    return undefined;
  }

  /** The notebooks that use the host. */
  of(hostId: string): OpenNotebook[] {
    return [...this.known.values()].filter((open) => open.remembered?.hostId === hostId);
  }

  /** Whether a notebook that is open uses the environment. */
  isInUse(environment: EnvironmentReference): boolean {
    return [...this.known.values()].some(
      ({ remembered }) => remembered !== undefined && isSameEnvironment(remembered, environment),
    );
  }

  /** What is shown of the notebooks on that host may have changed. */
  changedOf(hostId: string): void {
    for (const open of this.of(hostId)) this.context.changed(open.notebook);
  }

  /** Whether the notebook has been open for so long that the editor has restored what it remembered. */
  isSettled(notebook: vscode.NotebookDocument): boolean {
    const openedAt = this.openedAt.get(notebook);
    return openedAt !== undefined && this.context.clock.now() - openedAt > settlingMs;
  }

  dispose(): void {
    this.store.dispose();
    for (const open of this.known.values()) open.dispose();
    this.known.clear();
  }

  private onOpened(notebook: vscode.NotebookDocument): void {
    if (notebook.notebookType !== notebookType || this.openedAt.has(notebook)) return;
    this.openedAt.set(notebook, this.context.clock.now());
    this.adoptUnsaved(notebook);
    const open = this.get(notebook);
    const { remembered } = open;
    if (remembered === undefined) return;
    this.context.controllers.prefer(notebook, remembered);
    if (this.moved.delete(notebook.uri.toString())) void this.selectAgain(notebook, remembered);
  }

  private async selectAgain(
    notebook: vscode.NotebookDocument,
    remembered: EnvironmentReference,
  ): Promise<void> {
    try {
      await this.context.controllers.select(notebook, remembered);
    } catch (error) {
      this.context.logger.info(`the kernel did not follow its notebook: ${toError(error).message}`);
    }
  }

  /** A document without a file that is saved becomes another document: its kernel goes with it. */
  private adoptUnsaved(notebook: vscode.NotebookDocument): void {
    if (notebook.isUntitled || this.context.notebooks.get(notebook.uri.toString()) !== undefined) return;
    for (const open of this.known.values()) {
      if (!open.notebook.isUntitled || open.remembered?.kernelId === undefined) continue;
      if (!hasSameCells(textsOf(open.notebook), textsOf(notebook))) continue;
      this.moved.add(notebook.uri.toString());
      void this.context.notebooks.rename(open.notebook.uri.toString(), notebook.uri.toString());
      return;
    }
  }

  private onClosed(notebook: vscode.NotebookDocument): void {
    const open = this.known.get(notebook);
    this.known.delete(notebook);
    open?.dispose();
    // The name of a document without a file is given to another one later.
    if (notebook.isUntitled) void this.context.notebooks.set(notebook.uri.toString(), undefined);
  }

  /** The editor closes the document and opens it under its other name: by then it is remembered under that. */
  private async copy(files: readonly RenamedFile[]): Promise<void> {
    for (const { oldUri, newUri } of files) {
      const from = oldUri.toString();
      for (const uri of this.rememberedAt(from)) {
        const to = newUri.toString() + uri.slice(from.length);
        this.moved.add(to);
        await this.context.notebooks.copy(uri, to);
      }
    }
  }

  /** Only after the rename, which can fail or be refused. */
  private async forgetOld(files: readonly RenamedFile[]): Promise<void> {
    for (const { oldUri } of files)
      for (const uri of this.rememberedAt(oldUri.toString())) await this.context.notebooks.forget(uri);
  }

  /** The remembered document of that URI, or those in the folder. */
  private rememberedAt(uri: string): string[] {
    return this.context.notebooks.uris().filter((known) => known === uri || known.startsWith(`${uri}/`));
  }
}

function textsOf(notebook: vscode.NotebookDocument): string[] {
  return notebook.getCells().map((cell) => cell.document.getText());
}
