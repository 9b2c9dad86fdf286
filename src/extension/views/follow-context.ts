import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { systemClock } from '../../base/time';
import { ContextKeys } from '../editor/context-keys';
import type { NotebookKernels } from '../editor/notebook-kernels';
import type { Logger } from '../../base/logger';
import type { Hosts } from '../hosts/host';
import { createBatch } from './batch';
import { contextValues } from './context-values';
import { watchHosts } from './host-watch';

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
