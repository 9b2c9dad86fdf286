import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Settings } from '../../editor/settings';
import type { HostChoice, HostFilter } from '../../editor/pickers';
import type { Host, Hosts, TypedHost } from '../../hosts/host';
import { systemClock } from '../../../base/time';
import { createBatch } from '../batch';
import { hostItem, hostItems, passesFilter, type HostItem } from './host-items';
import { showLiveList, type LiveItem } from './live-list';

/** Finding takes a moment; after this the list no longer says that it looks. */
const searchingMs = 4000;
const drawIntervalMs = 150;

/** What the lists of hosts are made of. */
export interface HostPickerOptions {
  readonly hosts: Hosts;
  readonly readTyped: (text: string) => TypedHost;
  readonly readSettings: () => Settings;
  readonly locale: string;
}

/** The list that *Connect to Remote* opens: at once with what is known, and going on while hosts are found. */
export async function pickHostToConnect(options: HostPickerOptions): Promise<HostChoice | undefined> {
  const { hosts, readTyped, readSettings, locale } = options;
  const openedAt = systemClock.now();
  if (readSettings().isDiscoveryEnabled) hosts.rediscover();
  return await showLiveList<HostChoice>({
    title: t('Connect to Remote'),
    placeholder: t('Choose a host, or type name, user@name or name:port'),
    items: (typed) =>
      hostItems(
        hosts.all,
        { text: typed, reading: readTyped(typed) },
        { now: systemClock.now(), locale },
      ).map(toLiveItem),
    isBusy: () => readSettings().isDiscoveryEnabled && systemClock.now() - openedAt < searchingMs,
    watch(onChange) {
      const batch = createBatch(onChange, drawIntervalMs, systemClock);
      batch.requestAt(openedAt + searchingMs);
      const subscription = hosts.onDidChange(() => batch.request());
      return vscode.Disposable.from(batch, subscription);
    },
  });
}

/** One of the hosts that pass the filter. The only one is not asked about; with none it resolves with `undefined`. */
export async function pickHost(
  options: HostPickerOptions,
  { title, filter }: { readonly title: string; readonly filter: HostFilter },
): Promise<string | undefined> {
  const { hosts, locale } = options;
  const members = (): readonly Host[] => hosts.all.filter((host) => passesFilter(host, filter));
  const only = members();
  if (only.length <= 1) return only[0]?.id;
  return await showLiveList<string>({
    title,
    placeholder: t('Choose a host'),
    items: () =>
      members().map((host) => {
        const item = hostItem(host, { now: systemClock.now(), locale });
        return { ...toLine(item), id: item.id, value: host.id };
      }),
    isBusy: () => false,
    watch: (onChange) => hosts.onDidChange(onChange),
  });
}

function toLiveItem(item: HostItem): LiveItem<HostChoice> {
  switch (item.kind) {
    case 'separator':
      return { id: item.id, label: item.label, kind: vscode.QuickPickItemKind.Separator };
    case 'host':
      return { ...toLine(item), id: item.id, value: { kind: 'host', hostId: item.hostId } };
    case 'typed':
      return {
        id: item.id,
        label: item.label,
        description: item.description,
        iconPath: new vscode.ThemeIcon('arrow-right'),
        alwaysShow: true,
        value: { kind: 'typed', text: item.text },
      };
    case 'add':
      return {
        id: item.id,
        label: item.label,
        iconPath: new vscode.ThemeIcon('add'),
        alwaysShow: true,
        value: { kind: 'add' },
      };
  }
}

function toLine(item: Extract<HostItem, { kind: 'host' }>): vscode.QuickPickItem {
  return {
    label: item.label,
    description: item.description,
    iconPath: new vscode.ThemeIcon(item.icon),
    ...(item.detail === undefined ? {} : { detail: item.detail }),
  };
}
