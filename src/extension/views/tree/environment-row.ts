import { t } from '@vscode/l10n';
import { escapeMarkdown, toSingleLine } from '../../../base/text';
import { canRunKernels, type Environment } from '../../../protocol/environments';
import { environmentKindWords, languageWords } from '../words';
import { contextValue, tooltipLines, type TreeRow } from './row';

/** What is known of an environment beside itself. */
export interface EnvironmentSurroundings {
  readonly hostId: string;
  /** Whether the host can be asked for something now. */
  readonly isReachable: boolean;
  readonly isPinned: boolean;
  /** Whether the administrator of the host lets this person change environments. */
  readonly isChangeable: boolean;
}

/** The row of an environment. */
export function environmentRow(environment: Environment, surroundings: EnvironmentSurroundings): TreeRow {
  const { hostId, isReachable, isPinned, isChangeable } = surroundings;
  const label = toSingleLine(environment.kernelspec?.displayName ?? environment.name, 120);
  const description = describeEnvironment(environment);
  const isRunnable = canRunKernels(environment);
  return {
    id: `environment/${hostId}/${environment.id}`,
    target: { hostId, environmentId: environment.id },
    label,
    description,
    icon: environmentIcon(environment, isPinned),
    tooltip: environmentTooltip(environment, label, isChangeable),
    accessibilityLabel: `${label}, ${description.replaceAll(' · ', ', ')}`,
    contextValue: contextValue('environment', {
      installable: environment.problem === undefined && !isRunnable && isChangeable,
      pinned: isRunnable && isPinned,
      runnable: isRunnable && isReachable,
      unpinned: isRunnable && !isPinned,
    }),
    expansion: 'none',
    isGreyed: environment.problem !== undefined,
    children: [],
  };
}

/** `conda · Python 3.11.7 · ipykernel 7.4`, or what is wrong with it. */
export function describeEnvironment(environment: Environment): string {
  const parts = [environmentKindWords(environment.kind)];
  if (environment.problem !== undefined) {
    parts.push(t('broken: {0}', problemWords(environment)));
  } else {
    parts.push(toSingleLine(languageWords(environment), 40));
    if (environment.kind !== 'kernelspec') parts.push(packageWords(environment));
    if (environment.owner === 'other') {
      parts.push(t('belongs to {0}', toSingleLine(environment.ownerName ?? t('another user'), 40)));
    }
  }
  return parts.join(' · ');
}

function packageWords({ ipykernel, spyderKernels }: Environment): string {
  if (ipykernel !== undefined) return `ipykernel ${toSingleLine(ipykernel, 30)}`;
  if (spyderKernels !== undefined) return `spyder-kernels ${toSingleLine(spyderKernels, 30)}`;
  return t('ipykernel missing');
}

function problemWords(environment: Environment): string {
  switch (environment.problem?.code) {
    case 'python-missing':
      return t('python is gone');
    case 'dangling-link':
      return t('its python is a link to nothing');
    case 'not-executable':
      return t('its python cannot be run');
    case 'unreadable':
      return t('it cannot be read');
    case 'half-removed':
      return t('it was removed halfway');
    case 'kernelspec-unreadable':
      return t('its kernel.json cannot be read');
    case 'program-missing':
      return t('its program is gone');
    case undefined:
      return '';
  }
}

function environmentIcon(environment: Environment, isPinned: boolean): TreeRow['icon'] {
  if (environment.problem !== undefined) return { id: 'error', color: 'list.errorForeground' };
  if (!canRunKernels(environment)) return { id: 'warning', color: 'list.warningForeground' };
  if (isPinned) return { id: 'pinned' };
  return { id: environment.kind === 'kernelspec' ? 'symbol-method' : 'package' };
}

function environmentTooltip(environment: Environment, label: string, isChangeable: boolean): string {
  const { problem, ownerName, owner } = environment;
  return tooltipLines(escapeMarkdown(label), [
    [t('Path'), escapeMarkdown(environment.prefix)],
    [t('Kind'), environmentKindWords(environment.kind)],
    [t('Language'), escapeMarkdown(languageWords(environment))],
    ['ipykernel', environment.ipykernel === undefined ? undefined : escapeMarkdown(environment.ipykernel)],
    [
      'spyder-kernels',
      environment.spyderKernels === undefined ? undefined : escapeMarkdown(environment.spyderKernels),
    ],
    [
      t('Owner'),
      owner === 'self'
        ? undefined
        : escapeMarkdown(ownerName ?? (owner === 'root' ? 'root' : t('another user'))),
    ],
    [t('Changes'), changeWords(environment, isChangeable)],
    [t('Problem'), problem === undefined ? undefined : escapeMarkdown(problem.message)],
  ]);
}

function changeWords({ isWritable }: Environment, isChangeable: boolean): string | undefined {
  if (!isChangeable) return t('the administrator of this host allows only listing');
  return isWritable ? undefined : t('you cannot change it');
}
