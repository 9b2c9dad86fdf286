import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What `login-probe.py` printed. */
export type Properties = Readonly<Record<string, string>>;

/** A difference between a kernel and a command over ssh, as the page for administrators has it. */
export interface DocumentedDifference {
  /** A variable, another property, or a file whose settings only one of the two has. */
  readonly name: string;
  readonly overSsh: string;
  readonly inKernel: string;
}

const page = join(__dirname, '..', '..', '..', 'docs', 'administrators.md');
const heading = '### A kernel beside ssh';

/** Reads the table below its heading in `docs/administrators.md`. Rejects when it is not there. */
export async function readDocumentedDifferences(): Promise<DocumentedDifference[]> {
  const [, section = ''] = (await readFile(page, 'utf8')).split(`${heading}\n`);
  const rows = section
    .split('\n#')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(1, -1).split('|'));
  if (rows === undefined || rows.length === 0) throw new Error(`${page} has no table below "${heading}"`);
  return rows.flatMap(([names = '', overSsh = '', inKernel = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({
      name,
      overSsh: overSsh.trim(),
      inKernel: inKernel.trim(),
    })),
  );
}

/** The names of the properties in which the two differ. */
export function findDifferences(overSsh: Properties, inKernel: Properties): string[] {
  const names = new Set([...Object.keys(overSsh), ...Object.keys(inKernel)]);
  return [...names].filter((name) => overSsh[name] !== inKernel[name]).sort();
}

/** Whether a value is as a cell of the table says: `not set…`, `set…`, or a value in back quotes. */
export function isAsDocumented(cell: string, value: string | undefined): boolean {
  if (cell.startsWith('not set')) return value === undefined;
  const exact = /^`([^`]*)`/.exec(cell)?.[1];
  return exact === undefined ? cell.startsWith('set') && value !== undefined : value === exact;
}
