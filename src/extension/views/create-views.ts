import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Event } from '../../base/event';
import type { Logger } from '../../base/logger';
import type { NotebookKernels } from '../editor/notebook-kernels';
import type { HostsView } from '../editor/pickers';
import type { Settings } from '../editor/settings';
import type { Host, Hosts } from '../hosts/host';
import type { ConnectionError } from '../transports/transport';
import { followContext } from './follow-context';
import { createStatusBar } from './status-bar/status-bar';
import { createHostTree } from './tree/host-tree';

/** What everything that is drawn is made of. */
export interface ViewsOptions {
  readonly hosts: Hosts;
  readonly notebookKernels: NotebookKernels;
  readonly readSettings: () => Settings;
  readonly onDidChangeSettings: Event<void>;
  /** A sentence on why a host is not connected. */
  readonly describeError: (error: ConnectionError, host: Host) => string;
  readonly locale: string;
  readonly logger: Logger;
}

/** Draws the tree, the status bar and the context keys. What commands may use of it is the tree. The caller disposes it. */
export function createViews(options: ViewsOptions): HostsView & Disposable {
  const { hosts, notebookKernels, readSettings, logger } = options;
  const owned = new DisposableStore();
  const hiddenEnvironments = () => readSettings().hiddenEnvironments;
  const tree = owned.add(createHostTree({ ...options, hiddenEnvironments }));
  owned.add(createStatusBar(options));
  owned.add(followContext(hosts, notebookKernels, logger));
  owned.add(options.onDidChangeSettings(() => tree.refresh()));
  return {
    reveal: (target) => tree.reveal(target),
    refresh: () => tree.refresh(),
    dispose: () => owned.dispose(),
  };
}
