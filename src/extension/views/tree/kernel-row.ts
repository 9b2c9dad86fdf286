import { t } from '@vscode/l10n';
import { escapeMarkdown, formatBytes, toSingleLine } from '../../../base/text';
import type { KernelDetails } from '../../../protocol/kernels';
import { kernelName, kernelStateWords, timeWords, type Moment } from '../words';
import { contextValue, tooltipLines, type TreeRow } from './row';

/** What is known of a kernel beside itself. */
export interface KernelSurroundings {
  readonly hostId: string;
  readonly isReachable: boolean;
  readonly moment: Moment;
  /** The path of the notebook of this window that uses it. */
  readonly notebookPath?: string;
}

/** The row of a kernel. */
export function kernelRow(kernel: KernelDetails, surroundings: KernelSurroundings): TreeRow {
  const { hostId, isReachable, moment } = surroundings;
  const label = toSingleLine(kernelName(kernel), 120);
  const description = describeKernel(kernel, moment, isReachable);
  return {
    id: `kernel/${hostId}/${kernel.id}`,
    target: {
      hostId,
      kernelId: kernel.id,
      ...(kernel.environmentId === undefined ? {} : { environmentId: kernel.environmentId }),
    },
    label,
    description,
    icon: kernelIcon(kernel, isReachable),
    tooltip: kernelTooltip(kernel, label, surroundings),
    accessibilityLabel: `${label}, ${description.replaceAll(' · ', ', ')}`,
    contextValue: contextValue('kernel', {
      alive: isReachable && kernel.state !== 'dead',
      reachable: isReachable,
    }),
    expansion: 'none',
    isGreyed: !isReachable || kernel.state === 'dead',
    children: [],
  };
}

/** `analysis · busy for 2 h · 3.1 GB`. While the host is away it says so instead of a state that may have changed. */
export function describeKernel(kernel: KernelDetails, moment: Moment, isReachable: boolean): string {
  const parts = [toSingleLine(kernel.environmentName, 60)];
  parts.push(isReachable ? kernelStateWords(kernel, moment) : t('state unknown until connected'));
  if (isReachable && kernel.state !== 'dead' && kernel.memoryBytes !== undefined) {
    parts.push(formatBytes(kernel.memoryBytes));
  }
  return parts.join(' · ');
}

function kernelIcon(kernel: KernelDetails, isReachable: boolean): TreeRow['icon'] {
  if (!isReachable) return { id: 'circle-outline', color: 'disabledForeground' };
  switch (kernel.state) {
    case 'starting':
    case 'restarting':
      return { id: 'loading~spin' };
    case 'busy':
      return { id: 'circle-filled', color: 'charts.yellow' };
    case 'idle':
      return { id: 'circle-outline', color: 'charts.green' };
    case 'dead':
      return { id: 'circle-slash', color: 'disabledForeground' };
  }
}

function kernelTooltip(kernel: KernelDetails, label: string, surroundings: KernelSurroundings): string {
  const { moment, notebookPath } = surroundings;
  const output = kernel.exit?.output;
  return tooltipLines(escapeMarkdown(label), [
    [t('Notebook'), notebookPath === undefined ? undefined : escapeMarkdown(notebookPath)],
    [t('Environment'), escapeMarkdown(kernel.environmentName)],
    [t('State'), escapeMarkdown(kernelStateWords(kernel, moment))],
    [t('Folder'), escapeMarkdown(kernel.workingDirectory)],
    [
      t('Memory'),
      kernel.memoryBytes === undefined ? undefined : escapeMarkdown(formatBytes(kernel.memoryBytes)),
    ],
    [t('Process'), kernel.pid === undefined ? undefined : String(kernel.pid)],
    [t('Started'), timeWords(Date.parse(kernel.startedAt), moment)],
    [t('Last activity'), timeWords(Date.parse(kernel.lastActivity), moment)],
    [t('Connected clients'), String(kernel.connections)],
    [t('Restarts'), kernel.restarts === 0 ? undefined : String(kernel.restarts)],
    [
      t('Privacy'),
      kernel.transport === 'tcp' ? t('other users of this host can read what it prints') : undefined,
    ],
    [
      t('Gaps'),
      kernel.gaps.length === 0 ? undefined : t('some output was missed at {0}', gapTimes(kernel, moment)),
    ],
    [t('Last words'), output === undefined ? undefined : escapeMarkdown(output.slice(-300))],
  ]);
}

function gapTimes(kernel: KernelDetails, moment: Moment): string {
  return kernel.gaps
    .slice(-3)
    .map((at) => timeWords(Date.parse(at), moment))
    .join(', ');
}
