import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore } from '../../../base/disposable';
import { escapeCodicons, toSingleLine } from '../../../base/text';
import { systemClock } from '../../../base/time';
import { canRunKernels, type Environment } from '../../../protocol/environments';
import type { Settings } from '../../editor/settings';
import type { Host, Hosts } from '../../hosts/host';
import { createBatch } from '../batch';
import { describeEnvironment } from '../tree/environment-row';
import { visibleEnvironments } from '../visible-environments';
import { showLiveList, type LiveItem } from './live-list';

const drawIntervalMs = 150;

/** An environment of a host. */
export interface EnvironmentChoice {
  readonly hostId: string;
  readonly environmentId: string;
}

/** What the list of environments is made of. */
export interface EnvironmentPickerOptions {
  readonly hosts: Hosts;
  readonly readSettings: () => Settings;
}

/** Environments of one host, or of all that are connected. Those in which no kernel can run stand last, with the reason. */
export async function pickEnvironment(
  { hosts, readSettings }: EnvironmentPickerOptions,
  { title, hostId }: { readonly title: string; readonly hostId?: string },
): Promise<EnvironmentChoice | undefined> {
  const members = () => connectedHosts(hosts, hostId);
  return await showLiveList<EnvironmentChoice>({
    title,
    placeholder: t('Choose an environment'),
    items: () => environmentLines(members(), readSettings().hiddenEnvironments),
    isBusy: () => members().some((host) => host.agent.environments.freshness !== 'current'),
    watch(onChange) {
      const owned = new DisposableStore();
      const batch = owned.add(createBatch(onChange, drawIntervalMs, systemClock));
      owned.add(hosts.onDidChange(() => batch.request()));
      for (const host of members()) owned.add(host.agent.environments.onDidChange(() => batch.request()));
      return owned;
    },
  });
}

/** The host that is named, or all that are connected. */
export function connectedHosts(hosts: Hosts, hostId?: string): readonly Host[] {
  return hosts.all
    .filter((host) => (hostId === undefined ? host.state.kind === 'connected' : host.id === hostId))
    .sort((one, other) => one.name.localeCompare(other.name));
}

function environmentLines(
  members: readonly Host[],
  hidden: readonly string[],
): readonly LiveItem<EnvironmentChoice>[] {
  return members.flatMap((host) => {
    const visible = visibleEnvironments(host.agent.environments.items, hidden);
    const usable = visible.filter(canRunKernels);
    const others = visible.filter((environment) => !canRunKernels(environment));
    const lines = [...usable, ...others].map((environment) => environmentLine(host, environment));
    return members.length > 1 && lines.length > 0
      ? [
          {
            id: `separator/${host.id}`,
            label: escapeCodicons(host.name),
            kind: vscode.QuickPickItemKind.Separator,
          },
          ...lines,
        ]
      : lines;
  });
}

function environmentLine(host: Host, environment: Environment): LiveItem<EnvironmentChoice> {
  const label = environment.kernelspec?.displayName ?? environment.name;
  return {
    id: `${host.id}/${environment.id}`,
    label: escapeCodicons(toSingleLine(label, 120)),
    description: escapeCodicons(describeEnvironment(environment)),
    detail: escapeCodicons(toSingleLine(environment.prefix, 200)),
    iconPath: new vscode.ThemeIcon(canRunKernels(environment) ? 'package' : 'warning'),
    value: { hostId: host.id, environmentId: environment.id },
  };
}
