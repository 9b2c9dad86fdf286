import * as vscode from 'vscode';
import type { Choice, Pickers } from '../../editor/pickers';
import type { Settings } from '../../editor/settings';
import type { Hosts, TypedHost } from '../../hosts/host';
import { pickEnvironment } from './environment-picker';
import { pickRemoteFolder } from './folder-picker';
import { pickHost, pickHostToConnect } from './host-picker';
import { passesFilter } from './host-items';
import { pickKernel } from './kernel-picker';

/** What all lists are made of. */
export interface PickersOptions {
  readonly hosts: Hosts;
  readonly readTyped: (text: string) => TypedHost;
  readonly readSettings: () => Settings;
  readonly locale: string;
}

/** Makes the lists that commands ask with. */
export function createPickers(options: PickersOptions): Pickers {
  const { hosts } = options;
  return {
    pickHostToConnect: () => pickHostToConnect(options),
    hasHost: (filter) => hosts.all.some((host) => passesFilter(host, filter)),
    pickHost: (question) => pickHost(options, question),
    pickEnvironment: (question) => pickEnvironment(options, question),
    pickKernel: (question) => pickKernel(options, question),
    async pickRemoteFolder({ hostId, title, path }) {
      const host = hosts.get(hostId);
      return host === undefined ? undefined : await pickRemoteFolder(host, { title, path });
    },
    pickOne,
  };
}

async function pickOne<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined> {
  const items = choices.map(({ label, description, value }) => ({
    label,
    ...(description === undefined ? {} : { description }),
    value,
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.value;
}
