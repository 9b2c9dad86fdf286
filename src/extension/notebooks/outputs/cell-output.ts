import type { JsonObject } from './cell-message';

/** One form of an output: text, or bytes for images. */
export interface PlainOutputItem {
  readonly mime: string;
  readonly data: string | Uint8Array;
}

/** What the notebook format knows of an output besides its items; the keys are those that the editor's serializer reads. */
export interface OutputMetadata {
  readonly outputType: 'stream' | 'display_data' | 'execute_result' | 'error';
  readonly executionCount?: number;
  /** The metadata of the bundle, by MIME type. */
  readonly metadata?: JsonObject;
  readonly transient?: { readonly display_id: string };
  /** The error as it stands in the file, with its exact traceback. */
  readonly originalError?: JsonObject;
}

/** An output of a cell as plain data. */
export interface PlainOutput {
  /** Names it among the outputs of its run. */
  readonly key: string;
  readonly items: readonly PlainOutputItem[];
  readonly metadata: OutputMetadata;
}

/** A change to what a cell shows. In order, these turn the outputs before into the outputs after. */
export type OutputOperation =
  | { readonly kind: 'clear' }
  /** Everything that was there goes and this comes, in one step, so that nothing flickers. */
  | { readonly kind: 'replace-all'; readonly output: PlainOutput }
  | { readonly kind: 'append'; readonly output: PlainOutput }
  /** More text of a stream. */
  | { readonly kind: 'extend'; readonly key: string; readonly item: PlainOutputItem }
  /** An output shows something else from now on. */
  | { readonly kind: 'rewrite'; readonly output: PlainOutput; readonly isMetadataChanged: boolean }
  /** Every output of this display id in other cells shows something else from now on; its `key` means nothing there. */
  | { readonly kind: 'update-display'; readonly displayId: string; readonly output: PlainOutput };

/** MIME types of the editor itself. */
export const editorMimes = {
  stdout: 'application/vnd.code.notebook.stdout',
  stderr: 'application/vnd.code.notebook.stderr',
  error: 'application/vnd.code.notebook.error',
} as const;
