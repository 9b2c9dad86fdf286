import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { streamTextOf } from '../../../src/extension/notebooks/outputs/stream-text';
import { preparedEnvironment } from '../../support/python-environments';
import { createTestHome } from '../../support/test-home';
import { applyOperations, textOf, type FakeCell, type ShownOutput } from '../../unit/notebooks/fake-cell';
import { goldenCells } from './golden-cells';
import { NotebookUnderTest, startHost } from './notebook-under-test';

type FileOutput = Record<string, unknown>;

/** Runs the cells with nbclient in a kernel of its own. */
async function runWithNbclient(
  python: string,
  variables: Record<string, string>,
  cells: readonly string[],
): Promise<{ outputs: FileOutput[]; execution_count: number | null }[]> {
  const child = spawn(python, [join(__dirname, 'run_with_nbclient.py')], {
    env: { ...variables, PYTHONWARNINGS: 'ignore' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const pieces: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => errors.push(piece));
  child.stdin.end(JSON.stringify(cells));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  assert.equal(code, 0, Buffer.concat(errors).toString());
  return JSON.parse(Buffer.concat(pieces).toString()) as {
    outputs: FileOutput[];
    execution_count: number | null;
  }[];
}

/** An output of ours as the notebook format writes it, by what the editor's serializer reads of it. */
function toFile({ items, metadata }: ShownOutput): FileOutput {
  const [item] = items;
  switch (metadata.outputType) {
    case 'stream':
      return {
        output_type: 'stream',
        name: item?.mime.endsWith('stderr') === true ? 'stderr' : 'stdout',
        text: textOf(item?.data ?? ''),
      };
    case 'error':
      return { ...metadata.originalError };
    default:
      return {
        output_type: metadata.outputType,
        ...(metadata.outputType === 'execute_result' ? { execution_count: metadata.executionCount } : {}),
        data: Object.fromEntries(items.map(({ mime, data }) => [mime, dataOf(mime, data)])),
        metadata: metadata.metadata,
      };
  }
}

function dataOf(mime: string, data: string | Uint8Array): unknown {
  if (typeof data !== 'string') return Buffer.from(data).toString('base64');
  return mime.endsWith('json') ? JSON.parse(data) : data;
}

/** Streams that stand beside each other are one, shown as a terminal shows them; base64 without line ends. */
function normalize(outputs: readonly FileOutput[]): FileOutput[] {
  const result: FileOutput[] = [];
  for (const output of outputs) {
    const last = result.at(-1);
    if (
      output['output_type'] === 'stream' &&
      last?.['output_type'] === 'stream' &&
      last['name'] === output['name']
    )
      last['text'] = `${String(last['text'])}${String(output['text'])}`;
    else result.push({ ...output });
  }
  return result.map((output) => {
    if (output['output_type'] === 'stream')
      return { ...output, text: streamTextOf([String(output['text'])]) };
    const data = output['data'] as Record<string, unknown> | undefined;
    const png = data?.['image/png'];
    return typeof png === 'string'
      ? { ...output, data: { ...data, 'image/png': png.replace(/\s/g, '') } }
      : output;
  });
}

/** What the editor does with the outputs of other cells when a display is updated. */
function updateOthers(cells: readonly FakeCell[], from: FakeCell): void {
  for (const update of from.updates) {
    for (const cell of cells) {
      if (cell === from) continue;
      for (const output of cell.outputs) {
        if (output.metadata.transient?.display_id !== update.displayId) continue;
        const [shown] = applyOperations([], [{ kind: 'append', output: update.output }]);
        output.items = shown?.items ?? [];
        output.metadata = {
          ...output.metadata,
          ...(shown?.metadata.metadata === undefined ? {} : { metadata: shown.metadata.metadata }),
        };
      }
    }
  }
}

test('cells show what Jupyter’s own runner writes into the file', { timeout: 180_000 }, async (t) => {
  const host = await startHost(t, 'jupyter');
  const { python } = await preparedEnvironment('jupyter');
  const { environment: variables } = await createTestHome(t);
  const expected = await runWithNbclient(python, variables, goldenCells);
  const details = await host.startKernel('golden.ipynb');
  const notebook = new NotebookUnderTest(t, host, details.id);
  const cells: FakeCell[] = [];
  for (const code of goldenCells) {
    const cell = await notebook.run(code);
    cells.push(cell);
    updateOthers(cells, cell);
  }
  for (const [index, cell] of cells.entries()) {
    const file = expected[index];
    assert.deepEqual(normalize(cell.outputs.map(toFile)), normalize(file?.outputs ?? []), goldenCells[index]);
    assert.equal(cell.order, file?.execution_count, goldenCells[index]);
  }
});
