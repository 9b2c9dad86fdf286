import * as vscode from 'vscode';
import type { Event } from '../../base/event';
import type { Preferences } from '../../protocol/agent';

/** The settings of the extension, as `package.json` describes them. */
export interface Settings {
  readonly isDiscoveryEnabled: boolean;
  /** Whether nothing is asked of any network: only this machine's own daemons are found. */
  readonly isDiscoveryOnThisMachineOnly: boolean;
  /** As typed. */
  readonly hosts: readonly string[];
  /** Paths of PEM files. */
  readonly certificateAuthorities: readonly string[];
  readonly connectsOnStartup: boolean;
  readonly reconnectsAutomatically: boolean;
  readonly hiddenEnvironments: readonly string[];
  readonly remoteFolder: string;
  /** What hosts are told to do by themselves. */
  readonly preferences: Preferences;
}

const section = 'remoteKernels';

/** Fires after a setting of ours changed. */
export const onDidChangeSettings: Event<void> = (listener) =>
  vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration(section)) listener();
  });

/** Reads all settings. A value of the wrong type counts as not set: a person writes this file by hand. */
export function readSettings(): Settings {
  const configuration = vscode.workspace.getConfiguration(section);
  const text = (key: string, otherwise: string) => {
    const value: unknown = configuration.get(key);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : otherwise;
  };
  const flag = (key: string, otherwise: boolean) => {
    const value: unknown = configuration.get(key);
    return typeof value === 'boolean' ? value : otherwise;
  };
  const texts = (key: string) => {
    const value: unknown = configuration.get(key);
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  };
  return {
    isDiscoveryEnabled: flag('discovery.enabled', true),
    isDiscoveryOnThisMachineOnly: flag('discovery.onThisMachineOnly', false),
    hosts: texts('hosts'),
    certificateAuthorities: texts('trust.certificateAuthorities'),
    connectsOnStartup: text('connect.onStartup', 'last') !== 'none',
    reconnectsAutomatically: flag('reconnect.automatically', true),
    hiddenEnvironments: texts('environments.hide'),
    remoteFolder: text('notebook.remoteFolder', '~'),
    preferences: {
      searchFolders: texts('environments.searchFolders'),
      restartKernelsAutomatically: flag('kernels.restartAutomatically', false),
      ...keepIdleFor(configuration.get('kernels.keepIdleFor')),
    },
  };
}

/** Takes a host out of the person's own setting, so that what was forgotten does not come back by it. */
export async function removeHostSetting(isForgotten: (typed: string) => boolean): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(section);
  const own = configuration.inspect<unknown>('hosts')?.globalValue;
  if (!Array.isArray(own)) return;
  const kept = own.filter((typed) => typeof typed !== 'string' || !isForgotten(typed));
  if (kept.length === own.length) return;
  await configuration.update('hosts', kept, vscode.ConfigurationTarget.Global);
}

function keepIdleFor(value: unknown): { readonly keepIdleForHours?: number } {
  return typeof value === 'number' && value >= 0.01 && value <= 10_000 ? { keepIdleForHours: value } : {};
}
