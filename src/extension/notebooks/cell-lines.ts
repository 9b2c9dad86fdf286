import { t } from '@vscode/l10n';
import { toSingleLine } from '../../base/text';

/**
 * How the kernel is reached: `open` while it can be heard, `coming-back` while that is tried, `left` while it is not (the person disconnected, or
 * has to do something first), `of-another` while another person than its owner is signed in to the host.
 */
export type KernelReach = 'open' | 'coming-back' | 'left' | 'of-another';

/** What is known of a cell that says whether there is a line below it. */
export interface CellSituation {
  readonly hostName: string;
  /** Milliseconds since the epoch; set while the cell runs. */
  readonly runningSince: number | undefined;
  readonly reach: KernelReach;
  readonly note: string | undefined;
  /** MIME types of each output. */
  readonly outputMimes: readonly (readonly string[])[];
  /** Types that extensions of this editor render. */
  readonly rendered: ReadonlySet<string>;
}

/** One quiet line below a cell. */
export interface CellLine {
  readonly icon: string;
  readonly text: string;
  readonly tooltip?: string;
}

/** What VS Code renders without any extension of others. */
const renderedByEditor: ReadonlySet<string> = new Set([
  'application/vnd.code.notebook.stdout',
  'application/vnd.code.notebook.stderr',
  'application/vnd.code.notebook.error',
  'application/javascript',
  'application/json',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/svg+xml',
  'text/html',
  'text/latex',
  'text/markdown',
  'text/plain',
]);

/** Types that only add to another one of the same output, or stand for nothing that is seen. */
const silent = /^application\/vnd\.(holoviews_load|jupyter\.error)/;

/** The lines below a cell, the most important first. `timeOf` writes a time of day. */
export function cellLines(situation: CellSituation, timeOf: (at: number) => string): CellLine[] {
  const lines: CellLine[] = [];
  const { hostName, runningSince, reach, note } = situation;
  if (reach !== 'open' && runningSince !== undefined)
    lines.push({
      icon: reach === 'coming-back' ? 'sync~spin' : 'vm-outline',
      text: awayWords(reach, hostName, timeOf(runningSince)),
      tooltip: t('The kernel goes on without the connection.'),
    });
  if (note !== undefined) lines.push({ icon: 'info', text: note });
  const missing = missingRenderers(situation.outputMimes, situation.rendered);
  if (missing !== undefined) lines.push({ icon: 'info', text: missing });
  return lines;
}

function awayWords(reach: Exclude<KernelReach, 'open'>, hostName: string, since: string): string {
  switch (reach) {
    case 'coming-back':
      return t('reconnecting to {0}, running there since {1}', hostName, since);
    case 'left':
      return t('not connected to {0}, running there since {1}', hostName, since);
    case 'of-another':
      return t('running on {0} since {1} for another user', hostName, since);
  }
}

/** What is missing to show the outputs as they are meant, or `undefined` if nothing is. */
export function missingRenderers(
  outputs: readonly (readonly string[])[],
  rendered: ReadonlySet<string>,
): string | undefined {
  const canRender = (mime: string) => renderedByEditor.has(mime) || rendered.has(mime);
  for (const mimes of outputs) {
    const rich = mimes.filter((mime) => mime !== 'text/plain' && !silent.test(mime));
    if (rich.length === 0 || rich.some(canRender)) continue;
    const [first = ''] = rich;
    const hasText = mimes.includes('text/plain');
    if (first.startsWith('application/vnd.jupyter.widget-'))
      return hasText
        ? t('An interactive widget (ipywidgets) cannot be shown here; its text is shown instead')
        : t('An interactive widget (ipywidgets) cannot be shown here');
    const what = toSingleLine(first, 80);
    return hasText
      ? t('No renderer for {0} is installed; its text is shown instead', what)
      : t('No renderer for {0} is installed', what);
  }
  return undefined;
}
