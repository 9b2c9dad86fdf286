import { randomUUID } from 'node:crypto';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { toSingleLine } from '../../base/text';
import type { KernelDetails } from '../../protocol/kernels';
import type { Host } from '../hosts/host';
import type { RemoteKernel } from '../remote/remote-agent';
import type { CellSurface } from './cell-surface';
import { cellIdOf, EditorCell } from './editor-cell';
import { promptText } from './input-requests';
import type { NotebookContext } from './notebook-context';
import { NotebookExecution } from './notebook-execution';
import { noRuns, withRuns } from './remembered-notebooks';

/** What a link tells the notebook it belongs to. */
export interface KernelLinkEvents {
  /** The host says that the kernel is gone (`undefined`) or dead. */
  readonly onEnded: (details: KernelDetails | undefined) => void;
  readonly onRestarting: () => void;
  readonly onError: (name: string) => void;
}

/** An open notebook's hold on a running kernel: its channels, and what runs on them. Disposing it leaves the kernel alone. */
export class KernelLink implements Disposable {
  readonly kernel: RemoteKernel;
  readonly execution: NotebookExecution;
  private readonly store = new DisposableStore();

  constructor(
    private readonly context: NotebookContext,
    private readonly notebook: vscode.NotebookDocument,
    readonly host: Host,
    readonly details: KernelDetails,
    /** The executions of the notebook that run; any of them may show late output of another cell. */
    private readonly running: Set<vscode.NotebookCellExecution>,
    private readonly events: KernelLinkEvents,
  ) {
    const uri = notebook.uri.toString();
    const before = context.notebooks.runsOf(uri);
    const sessionId = before?.kernelId === details.id ? before.sessionId : randomUUID();
    this.kernel = host.agent.openKernel(details.id, sessionId);
    this.execution = new NotebookExecution({
      kernel: this.kernel,
      clock: context.clock,
      logger: context.logger,
      askInput: (question, signal) => askInput(host.name, question, signal),
      setNextInput: (cell, text, isReplacing) => this.setNextInput(cell, text, isReplacing),
      remember: (runs) => {
        const remembered = withRuns(noRuns(sessionId, details.id), runs);
        void context.notebooks.setRuns(notebook.uri.toString(), remembered);
      },
      onRestarting: () => events.onRestarting(),
      onError: (name) => events.onError(name),
      missedNote: (awaySince) => this.missedNote(awaySince),
      gapNote: () => this.gapNote(),
    });
  }

  /** Begins to listen, and goes on with what this window was running in the notebook before it was loaded. */
  start(): void {
    const { context, kernel, execution, notebook } = this;
    this.store.add(kernel);
    this.store.add(execution);
    this.store.add(kernel.onDidEnd((details) => this.events.onEnded(details)));
    this.store.add(kernel.onDidChangeOpen(() => context.changed(notebook)));
    this.store.add(execution.onDidChange(() => context.changed(notebook)));
    execution.start();
    const before = context.notebooks.runsOf(notebook.uri.toString());
    if (before?.kernelId !== this.details.id) return;
    const isBusy = this.details.state === 'busy';
    before.runs.forEach((run, index) => {
      const cell = notebook.getCells().find((candidate) => cellIdOf(candidate) === run.cellId);
      if (cell === undefined) return;
      execution.resume(createEditorCell(context, cell, this.running), run, isBusy && index === 0);
    });
    if (kernel.isOpen) void execution.synchronize();
  }

  dispose(): void {
    this.store.dispose();
  }

  private missedNote(awaySince: number | undefined): string {
    return awaySince === undefined
      ? t('Output may be missing: it came while this window was not there')
      : t(
          'Output may be missing: the connection to {0} was away from {1} to {2}',
          this.host.name,
          timeOf(awaySince),
          timeOf(this.context.clock.now()),
        );
  }

  private gapNote(): string {
    const { host, context } = this;
    return t(
      'Output may be missing: the keeper of this kernel on {0} ended and was replaced at {1}',
      host.name,
      timeOf(context.clock.now()),
    );
  }

  private async setNextInput(surface: CellSurface, text: string, isReplacing: boolean): Promise<void> {
    const cell = this.notebook
      .getCells()
      .find((candidate) => candidate.document.uri.toString() === surface.key);
    if (cell === undefined) return;
    const edit = new vscode.WorkspaceEdit();
    if (isReplacing) {
      const { document } = cell;
      edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text);
    } else {
      const data = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, cell.document.languageId);
      edit.set(this.notebook.uri, [vscode.NotebookEdit.insertCells(cell.index + 1, [data])]);
    }
    if (!(await vscode.workspace.applyEdit(edit)))
      this.context.logger.warn('the input that the kernel asked for could not be put into the notebook');
  }
}

/** A run of a cell in the editor; nothing is shown before it is reserved or started. `running` as in {@link KernelLink}. */
export function createEditorCell(
  context: NotebookContext,
  cell: vscode.NotebookCell,
  running: Set<vscode.NotebookCellExecution>,
): EditorCell {
  return new EditorCell({
    cell,
    createExecution: () => context.controllers.createExecution(cell),
    running,
    logger: context.logger,
    onNote: (text) => context.note(cell, text),
  });
}

/** `10:41` */
export function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

/** The kernel's question in an input box that stays while the person looks elsewhere. */
function askInput(
  hostName: string,
  question: { readonly prompt: string; readonly isPassword: boolean },
  signal: AbortSignal,
): Promise<string | undefined> {
  const source = new vscode.CancellationTokenSource();
  const cancel = () => source.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const answer = vscode.window.showInputBox(
    {
      title: t('The kernel on {0} asks', toSingleLine(hostName, 80)),
      prompt: promptText(question.prompt),
      password: question.isPassword,
      ignoreFocusOut: true,
    },
    source.token,
  );
  return Promise.resolve(answer).finally(() => {
    signal.removeEventListener('abort', cancel);
    source.dispose();
  });
}
