import type { OutputOperation } from './outputs/cell-output';

/**
 * One cell of the editor, as something that runs once. In the order `start`, any number of `apply`, `end`; `apply` may come after `end`,
 * since a thread of the kernel can print whenever it likes. `end` without `start` takes the cell out of the pending state.
 */
export interface CellSurface {
  /** Names the cell within this window. */
  readonly key: string;
  /** Names the cell in the file; survives a reload. */
  readonly cellId: string;
  /** The code as it stands now. */
  readonly text: string;
  /** Whether the person removed the outputs since the last `apply`. */
  readonly isEmptied: boolean;
  /** Whether the cell was deleted or its notebook closed. */
  readonly isGone: boolean;
  /** `at` is milliseconds since the epoch by this machine's clock. */
  start(at: number): void;
  setExecutionOrder(order: number): void;
  /** Resolves when the editor has taken the changes, whatever became of them; never rejects. */
  apply(operations: readonly OutputOperation[]): Promise<void>;
  /** `undefined` means neither succeeded nor failed. */
  end(isSuccess: boolean | undefined, at: number): void;
  /** Shows a quiet line below the cell until it runs again. */
  note(text: string): void;
}
