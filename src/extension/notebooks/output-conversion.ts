import { NotebookCellOutput, NotebookCellOutputItem } from 'vscode';
import type { PlainOutput, PlainOutputItem } from './outputs/cell-output';

/** The output as the editor takes it. */
export function toEditorOutput(output: PlainOutput): NotebookCellOutput {
  return new NotebookCellOutput(toEditorItems(output.items), { ...output.metadata });
}

/** The items as the editor takes them. */
export function toEditorItems(items: readonly PlainOutputItem[]): NotebookCellOutputItem[] {
  return items.map(({ mime, data }) => {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    return new NotebookCellOutputItem(bytes, mime);
  });
}
