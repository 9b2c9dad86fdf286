import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes a workspace with one notebook of these cells. Resolves with the path of the folder. */
export async function makeWorkspace(folder: string, name: string, cells: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const notebook = {
    cells: cells.map((source) => ({
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source: [source],
    })),
    metadata: { language_info: { name: 'python' } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  await writeFile(join(folder, name), JSON.stringify(notebook, null, 1));
  return folder;
}

/** The joined text of a saved cell's stream outputs. */
export function streamTextOf(
  outputs: readonly { readonly text?: string | readonly string[] }[] = [],
): string {
  return outputs.map(({ text }) => (typeof text === 'string' ? text : (text ?? []).join(''))).join('');
}
