import type { CellMessage, MimeBundle } from './cell-message';
import { editorMimes, type OutputMetadata, type PlainOutput } from './cell-output';
import { toItems } from './mime-items';

/** An output that shows another bundle; what it is (a result with its count) stays. */
export function withBundle(output: PlainOutput, bundle: MimeBundle): PlainOutput {
  return {
    key: output.key,
    items: toItems(bundle.data),
    metadata: { ...output.metadata, metadata: bundle.metadata },
  };
}

/** The output of a display or a result. */
export function toOutput(
  key: string,
  bundle: MimeBundle,
  outputType: 'display_data' | 'execute_result',
  displayId: string | undefined,
  executionCount?: number,
): PlainOutput {
  const metadata: OutputMetadata = {
    outputType,
    ...(executionCount === undefined ? {} : { executionCount }),
    metadata: bundle.metadata,
    ...(displayId === undefined ? {} : { transient: { display_id: displayId } }),
  };
  return { key, items: toItems(bundle.data), metadata };
}

/** The output of an error, as the editor shows errors, with what the file format keeps of it. */
export function toErrorOutput(key: string, error: Extract<CellMessage, { kind: 'error' }>): PlainOutput {
  const { name, value, traceback } = error;
  const stack = traceback.length > 0 ? traceback.join('\n') : `${name}: ${value}`;
  return {
    key,
    items: [{ mime: editorMimes.error, data: JSON.stringify({ name, message: value, stack }) }],
    metadata: {
      outputType: 'error',
      originalError: { output_type: 'error', ename: name, evalue: value, traceback: [...traceback] },
    },
  };
}
