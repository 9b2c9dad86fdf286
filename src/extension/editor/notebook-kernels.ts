import type { CancellationToken, NotebookDocument } from 'vscode';
import type { Disposable } from '../../base/disposable';
import type { Event } from '../../base/event';
import type { KernelState } from '../../protocol/jupyter';

/** Which remote environment and kernel an open notebook uses. */
export interface NotebookKernelReference {
  readonly hostId: string;
  readonly environmentId: string;
  readonly environmentName: string;
  /** Absent while no kernel was started for it. */
  readonly kernelId?: string;
  /** `unreachable` while the host is away: the kernel itself goes on. */
  readonly state: KernelState | 'unreachable' | 'none';
  /** The folder on the host in which its code runs, as shown: `~/project`. */
  readonly remoteFolder: string;
}

/** An environment of a host as something to run notebooks with. */
export interface EnvironmentReference {
  readonly hostId: string;
  readonly environmentId: string;
}

/**
 * What commands and views may do with notebooks and their kernels. Implemented in `notebooks/`; `main.ts` hands it out, since commands, views
 * and notebooks do not import each other. Every method shows its own errors to the person and never rejects.
 */
export interface NotebookKernels extends Disposable {
  /** Fires when the reference of a notebook changed. */
  readonly onDidChange: Event<NotebookDocument>;
  referenceOf(notebook: NotebookDocument): NotebookKernelReference | undefined;
  /** Makes a controller for the environment if there is none, and selects it for the notebook. The kernel starts with the first cell. */
  useEnvironment(notebook: NotebookDocument, environment: EnvironmentReference): Promise<void>;
  /** Attaches the notebook to a kernel that runs already. */
  attach(notebook: NotebookDocument, hostId: string, kernelId: string): Promise<void>;
  interrupt(notebook: NotebookDocument): Promise<void>;
  /** Resolves with whether the kernel answers again. */
  restart(notebook: NotebookDocument): Promise<boolean>;
  shutDown(notebook: NotebookDocument): Promise<void>;
  /** Remembers the folder for the notebook; a running kernel keeps its own until it is restarted, which is offered. */
  setRemoteFolder(notebook: NotebookDocument, path: string, token?: CancellationToken): Promise<void>;
  /** Keeps the environment in the kernel picker, or no longer. */
  pin(environment: EnvironmentReference): Promise<void>;
  unpin(environment: EnvironmentReference): Promise<void>;
  isPinned(environment: EnvironmentReference): boolean;
}
