import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Sample } from './measures';
import { withSpread } from './statistics';

/** Collects samples by target. */
export interface Results {
  readonly add: (target: string, sample: Sample) => void;
}

/** What was collected: for each target its metrics, each with all of its values. */
export type Collected = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/** Collects in memory. */
export function createResults(): Results & { readonly collected: Collected } {
  const collected = new Map<string, Map<string, number[]>>();
  return {
    collected,
    add(target, sample) {
      const rows = collected.get(target) ?? new Map<string, number[]>();
      collected.set(target, rows);
      for (const [metric, value] of Object.entries(sample))
        rows.set(metric, [...(rows.get(metric) ?? []), value]);
    },
  };
}

/** Which table of `README.md` it is: the name in its marks. */
export type TableName = 'table' | 'sign-in' | 'many-users' | 'proxies';

/** Writes the table into `README.md` beside this file, between its marks, and gives it back. Medians, with the smallest and largest. */
export async function writeReport(
  results: Collected,
  order: readonly string[],
  tableName: TableName = 'table',
): Promise<string> {
  const begin = `<!-- ${tableName}: begin -->`;
  const end = `<!-- ${tableName}: end -->`;
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
  if (!readme.includes(begin)) throw new Error(`README.md has no table ${tableName}`);
  await writeFile(
    path,
    `${readme.slice(0, readme.indexOf(begin) + begin.length)}\n${table}${readme.slice(readme.indexOf(end))}`,
  );
  return table;
}
