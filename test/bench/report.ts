import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Sample } from './measures';
import { withSpread } from './statistics';

/** Collects samples by target. */
export interface Results {
  add(target: string, sample: Sample): void;
}

const begin = '<!-- table: begin -->';
const end = '<!-- table: end -->';

/** Writes the table into `README.md` beside this file, between its marks, and gives it back. Medians, with the smallest and largest. */
export async function writeReport(
  results: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>,
  order: readonly string[],
): Promise<string> {
  const names = [...order, ...[...results.keys()].filter((name) => !order.includes(name))];
  const metrics = [...new Set(names.flatMap((name) => [...(results.get(name)?.keys() ?? [])]))];
  const cell = (values: readonly number[] | undefined) => {
    if (values === undefined) return '-';
    return values.some(Number.isNaN) ? 'refused' : withSpread(values);
  };
  const rows = metrics.map(
    (metric) => `| ${metric} | ${names.map((name) => cell(results.get(name)?.get(metric))).join(' | ')} |`,
  );
  const table = [
    `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}).`,
    '',
    `| | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---').join('|')}|`,
    ...rows,
    '',
  ].join('\n');
  const path = join(__dirname, 'README.md');
  const readme = await readFile(path, 'utf8');
  await writeFile(
    path,
    `${readme.slice(0, readme.indexOf(begin) + begin.length)}\n${table}${readme.slice(readme.indexOf(end))}`,
  );
  return table;
}
