import type { NotebookCell, NotebookCellExecution, NotebookCellOutput } from 'vscode';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { CellSurface } from './cell-surface';
import { toEditorItems, toEditorOutput } from './output-conversion';
import type { OutputOperation, PlainOutput } from './outputs/cell-output';
import { toObject } from './outputs/cell-message';

/** What a cell of the editor shares with the others of its notebook. */
export interface EditorCellOptions {
  readonly cell: NotebookCell;
  /** Begins an execution of the cell; throws if there is one, or if the notebook uses another controller by now. */
  readonly createExecution: () => NotebookCellExecution;
  /** Executions that run in the notebook: any of them may change the outputs of any cell. */
  readonly running: Set<NotebookCellExecution>;
  readonly logger: Logger;
  readonly onNote: (text: string | undefined) => void;
}

/** How a cell is named across reloads: by the id that the file format gives it, otherwise by its place. */
export function cellIdOf(cell: NotebookCell): string {
  const id: unknown = toObject(cell.metadata)['id'];
  return typeof id === 'string' && id !== '' ? id : `index-${cell.index}`;
}

/** One run of one cell in the editor. */
export class EditorCell implements CellSurface {
  readonly key: string;
  readonly cellId: string;
  private execution: NotebookCellExecution | undefined;
  private hasStarted = false;
  private hasEnded = false;
  /** The outputs of this run by their keys, in the order in which they are shown; the last ones of the cell. */
  private outputs = new Map<string, NotebookCellOutput>();

  constructor(private readonly options: EditorCellOptions) {
    this.key = options.cell.document.uri.toString();
    this.cellId = cellIdOf(options.cell);
  }

  /** Shows the cell as pending. Throws like `createExecution`. */
  reserve(): void {
    this.execution ??= this.options.createExecution();
    this.options.onNote(undefined);
  }

  get text(): string {
    return this.options.cell.document.getText();
  }

  get isGone(): boolean {
    const { cell } = this.options;
    return cell.index < 0 || cell.notebook.isClosed;
  }

  get isEmptied(): boolean {
    return this.outputs.size > 0 && this.options.cell.outputs.length === 0;
  }

  start(at: number): void {
    this.attempt('start', () => {
      this.reserve();
      if (this.execution === undefined || this.hasStarted) return;
      this.hasStarted = true;
      this.execution.start(at);
      this.options.running.add(this.execution);
    });
  }

  setExecutionOrder(order: number): void {
    this.attempt('set the order', () => {
      if (this.execution !== undefined && !this.hasEnded) this.execution.executionOrder = order;
    });
  }

  note(text: string): void {
    this.options.onNote(text);
  }

  end(isSuccess: boolean | undefined, at: number): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.attempt('end', () => {
      if (this.execution === undefined) return;
      this.options.running.delete(this.execution);
      this.execution.end(isSuccess, at);
    });
  }

  async apply(operations: readonly OutputOperation[]): Promise<void> {
    if (this.isGone) return;
    if (this.isEmptied) this.outputs.clear();
    try {
      await this.withExecution(async (execution) => {
        for (const operation of operations) await this.applyOne(execution, operation);
      });
    } catch (error) {
      // The cell was deleted or its notebook closed while it ran: there is no place for its output any more.
      this.options.logger.debug(`output not shown: ${toError(error).message}`);
    }
  }

  /** The cell's own execution; after its end one that runs elsewhere in the notebook, or a short one that leaves the result as it is. */
  private async withExecution(task: (execution: NotebookCellExecution) => Promise<void>): Promise<void> {
    if (this.execution !== undefined && this.hasStarted && !this.hasEnded) return task(this.execution);
    const [other] = this.options.running;
    if (other !== undefined) return task(other);
    const summary = this.options.cell.executionSummary;
    const execution = this.options.createExecution();
    execution.executionOrder = summary?.executionOrder;
    execution.start(summary?.timing?.startTime);
    try {
      await task(execution);
    } finally {
      execution.end(summary?.success, summary?.timing?.endTime);
    }
  }

  private async applyOne(execution: NotebookCellExecution, operation: OutputOperation): Promise<void> {
    const { cell } = this.options;
    switch (operation.kind) {
      case 'clear':
        this.outputs.clear();
        await execution.clearOutput(cell);
        return;
      case 'replace-all': {
        this.outputs.clear();
        await execution.replaceOutput([this.make(operation.output)], cell);
        return;
      }
      case 'append':
        await execution.appendOutput([this.make(operation.output)], cell);
        return;
      case 'extend': {
        const output = this.outputs.get(operation.key);
        if (output !== undefined) await execution.appendOutputItems(toEditorItems([operation.item]), output);
        return;
      }
      case 'rewrite':
        await this.rewrite(execution, operation.output, operation.isMetadataChanged);
        return;
      case 'update-display':
        await this.updateElsewhere(execution, operation.displayId, operation.output);
        return;
    }
  }

  private make(output: PlainOutput): NotebookCellOutput {
    const made = toEditorOutput(output);
    this.outputs.set(output.key, made);
    return made;
  }

  private async rewrite(
    execution: NotebookCellExecution,
    output: PlainOutput,
    isMetadataChanged: boolean,
  ): Promise<void> {
    const shown = this.outputs.get(output.key);
    if (shown === undefined) return;
    if (!isMetadataChanged) return execution.replaceOutputItems(toEditorItems(output.items), shown);
    const { cell } = this.options;
    const index = this.firstOwnIndex() + [...this.outputs.keys()].indexOf(output.key);
    const replacement = this.make(output);
    // The metadata of an output cannot be changed alone (microsoft/vscode#181369).
    const all = cell.outputs.map((other, place) => (place === index ? replacement : other));
    await execution.replaceOutput(all, cell);
  }

  private firstOwnIndex(): number {
    return Math.max(0, this.options.cell.outputs.length - this.outputs.size);
  }

  /** Outputs of the display id that this run has not made: in other cells, or left from before a reload. */
  private async updateElsewhere(
    execution: NotebookCellExecution,
    displayId: string,
    output: PlainOutput,
  ): Promise<void> {
    for (const cell of this.options.cell.notebook.getCells()) {
      const limit = cell === this.options.cell ? this.firstOwnIndex() : cell.outputs.length;
      for (const [index, shown] of cell.outputs.slice(0, limit).entries()) {
        const metadata = toObject(shown.metadata);
        if (toObject(metadata['transient'])['display_id'] !== displayId) continue;
        const isSame =
          JSON.stringify(metadata['metadata'] ?? {}) === JSON.stringify(output.metadata.metadata ?? {});
        if (isSame) {
          await execution.replaceOutputItems(toEditorItems(output.items), shown);
          continue;
        }
        const replacement = toEditorOutput(output);
        replacement.metadata = { ...metadata, metadata: output.metadata.metadata ?? {} };
        const all = cell.outputs.map((other, place) => (place === index ? replacement : other));
        await execution.replaceOutput(all, cell);
      }
    }
  }

  private attempt(what: string, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.options.logger.debug(`could not ${what} cell ${this.cellId}: ${toError(error).message}`);
    }
  }
}
