import { t } from '@vscode/l10n';
import { escapeCodicons, toSingleLine } from '../../base/text';
import { stableId } from '../../protocol/identity';
import type { EnvironmentReference } from '../editor/notebook-kernels';
import type { RememberedEnvironment } from './remembered-environments';

/** What the kernel picker shows for a controller. */
export interface ControllerText {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

/** The id of an environment's controller: the editor remembers a notebook's choice by it, so it never changes. */
export function environmentControllerId(reference: EnvironmentReference): string {
  return `environment-${stableId(reference.hostId, reference.environmentId)}`;
}

/** The id of a host's *Choose on …* controller. */
export function chooseControllerId(hostId: string): string {
  return `choose-${stableId(hostId)}`;
}

/** `analysis (Python 3.11.7) · lab-7`. */
export function environmentControllerText(
  environment: RememberedEnvironment,
  host: { readonly name: string; readonly isConnected: boolean },
  remoteFolder: string,
): ControllerText {
  const parts = [
    environment.prefix,
    t('runs in {0}', remoteFolder),
    ...(host.isConnected ? [] : [t('not connected')]),
  ];
  return {
    label: clean(`${environment.name}${languageOf(environment)} · ${host.name}`),
    description: clean(environment.kind),
    detail: clean(parts.join(' · '), 400),
  };
}

/** *Choose on lab-7…* */
export function chooseControllerText(host: {
  readonly name: string;
  readonly isConnected: boolean;
}): ControllerText {
  return {
    label: clean(t('Choose on {0}…', host.name)),
    description: '',
    detail: host.isConnected
      ? t('Pick one of the environments on this host')
      : t('Connect, then pick one of the environments on this host'),
  };
}

function languageOf(environment: RememberedEnvironment): string {
  if (environment.language.toLowerCase() !== 'python') return ` (${environment.language})`;
  return environment.pythonVersion === undefined ? '' : ` (Python ${environment.pythonVersion})`;
}

function clean(text: string, maxLength = 120): string {
  return escapeCodicons(toSingleLine(text, maxLength));
}
