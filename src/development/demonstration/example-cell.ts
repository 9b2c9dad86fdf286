import type { Kernel } from '@jupyterlab/services';
import { abortable } from '../../base/time';

/** What came back from the cell. */
export interface ExampleOutput {
  /** What it printed, without the line end. */
  readonly text: string;
  /** The plot as a PNG. */
  readonly plot: Buffer;
}

const source = `%matplotlib inline
import sys
import matplotlib.pyplot as plt
import numpy as np

angle = np.linspace(0, 2 * np.pi, 200)
print(f"numpy {np.__version__} on Python {sys.version.split()[0]}")
plt.plot(angle, np.sin(angle))
plt.title("a sine from the host")
plt.show()
`;

/** Runs a cell that prints a line and draws a plot. Rejects when an error comes back, or when one of the two is missing. */
export async function runExampleCell(
  connection: Kernel.IKernelConnection,
  signal: AbortSignal,
): Promise<ExampleOutput> {
  const output = { text: '', png: '', error: '' };
  const future = connection.requestExecute({ code: source });
  future.onIOPub = (message) => {
    const content: unknown = message.content;
    if (message.header.msg_type === 'stream' && isRecord(content)) output.text += textOf(content['text']);
    if (message.header.msg_type === 'error' && isRecord(content)) output.error = textOf(content['evalue']);
    if (message.header.msg_type === 'display_data' && isRecord(content) && isRecord(content['data']))
      output.png = textOf(content['data']['image/png']);
  };
  await abortable(future.done, signal);
  if (output.error !== '') throw new Error(`the cell ended with an error: ${output.error}`);
  if (output.text === '') throw new Error('the cell printed nothing');
  const plot = Buffer.from(output.png, 'base64');
  if (plot.subarray(1, 4).toString('latin1') !== 'PNG') throw new Error('no plot came back');
  return { text: output.text.trim(), plot };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
