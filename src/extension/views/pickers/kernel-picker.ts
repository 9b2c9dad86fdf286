import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore } from '../../../base/disposable';
import { escapeCodicons, toSingleLine } from '../../../base/text';
import { systemClock } from '../../../base/time';
import type { Hosts } from '../../hosts/host';
import { createBatch } from '../batch';
import { describeKernel } from '../tree/kernel-row';
import { kernelName } from '../words';
import { connectedHosts } from './environment-picker';
import { showLiveList, type LiveItem } from './live-list';

const drawIntervalMs = 150;

/** A kernel of a host. */
export interface KernelChoice {
  readonly hostId: string;
  readonly kernelId: string;
}

/** The running kernels of one host, or of all that are connected. */
export async function pickKernel(
  { hosts, locale }: { readonly hosts: Hosts; readonly locale: string },
  { title, hostId }: { readonly title: string; readonly hostId?: string },
): Promise<KernelChoice | undefined> {
  const members = () => connectedHosts(hosts, hostId);
  const lines = (): LiveItem<KernelChoice>[] =>
    members().flatMap((host) =>
      host.agent.kernels.items.map((kernel) => ({
        id: `${host.id}/${kernel.id}`,
        label: escapeCodicons(toSingleLine(kernelName(kernel), 120)),
        description: escapeCodicons(describeKernel(kernel, { now: systemClock.now(), locale }, true)),
        detail: escapeCodicons(toSingleLine(`${host.name}:${kernel.workingDirectory}`, 200)),
        iconPath: new vscode.ThemeIcon(kernel.state === 'busy' ? 'circle-filled' : 'circle-outline'),
        value: { hostId: host.id, kernelId: kernel.id },
      })),
    );
  return await showLiveList<KernelChoice>({
    title,
    placeholder: t('Choose a kernel'),
    items: lines,
    isBusy: () => members().some((host) => host.agent.kernels.freshness !== 'current'),
    watch(onChange) {
      const owned = new DisposableStore();
      const batch = owned.add(createBatch(onChange, drawIntervalMs, systemClock));
      owned.add(hosts.onDidChange(() => batch.request()));
      for (const host of members()) owned.add(host.agent.kernels.onDidChange(() => batch.request()));
      return owned;
    },
  });
}
