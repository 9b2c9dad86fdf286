import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { systemClock } from '../../base/time';
import { ContextKeys, type ContextValues } from '../editor/context-keys';
import type { NotebookKernelReference, NotebookKernels } from '../editor/notebook-kernels';
import type { Logger } from '../../base/logger';
import type { Host, Hosts } from '../hosts/host';
import { createBatch } from './batch';
import { watchHosts } from './host-watch';
import { passesFilter } from './pickers/host-items';

const drawIntervalMs = 200;

/** Keeps the context keys of menus and palette at what is true. The caller disposes it. */
export function followContext(hosts: Hosts, notebookKernels: NotebookKernels, logger: Logger): Disposable {
  const owned = new DisposableStore();
  const keys = new ContextKeys(logger);
  const draw = () => {
    const notebook = vscode.window.activeNotebookEditor?.notebook;
    const reference = notebook === undefined ? undefined : notebookKernels.referenceOf(notebook);
    keys.set(contextValues(hosts.all, notebook?.notebookType === 'jupyter-notebook', reference));
  };
  const batch = owned.add(createBatch(draw, drawIntervalMs, systemClock));
  owned.add(watchHosts(hosts, () => batch.request()));
  owned.add(notebookKernels.onDidChange(() => batch.request()));
  owned.add(vscode.window.onDidChangeActiveNotebookEditor(() => batch.request()));
  draw();
  return owned;
}

/** What is true of the hosts and the notebook in front. */
export function contextValues(
  hosts: readonly Host[],
  hasNotebook: boolean,
  reference: NotebookKernelReference | undefined,
): ContextValues {
  const any = (filter: Parameters<typeof passesFilter>[1]) =>
    hosts.some((host) => passesFilter(host, filter));
  return {
    isConnected: any('connected'),
    canReconnect: any('lost'),
    canDisconnect: any('disconnectable'),
    isSignedIn: any('signed-in'),
    hasSavedHosts: any('saved'),
    hasChangedKey: any('key-changed'),
    hasKernels: hosts.some((host) => host.state.kind === 'connected' && host.agent.kernels.items.length > 0),
    hasNotebook,
    notebookHasEnvironment: reference !== undefined,
    notebookHasKernel: reference?.kernelId !== undefined,
  };
}
