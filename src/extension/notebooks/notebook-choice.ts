import { dirname } from 'node:path';
import type { NotebookDocument } from 'vscode';
import type { KernelDetails } from '../../protocol/kernels';
import type { EnvironmentReference } from '../editor/notebook-kernels';
import type { Host } from '../hosts/host';
import type { NotebookContext } from './notebook-context';
import { agentOf, isKernelOfAnother } from './notebook-reference';
import { defaultFolderOf } from './remote-folder';
import { isSameEnvironment } from './remembered-environments';
import { withoutKernel, type RememberedNotebook } from './remembered-notebooks';
import { baseNameOf, choosePath, isOwnPath } from './session-paths';

/** What a choice is kept with. */
export type ChoiceContext = Pick<
  NotebookContext,
  'hosts' | 'clientId' | 'clock' | 'notebooks' | 'defaultRemoteFolder' | 'changed'
>;

/** What one notebook uses, as it is remembered across reloads: host, environment, kernel, session and folder. It touches no connection. */
export class NotebookChoice {
  constructor(
    private readonly context: ChoiceContext,
    private readonly notebook: NotebookDocument,
  ) {}

  /** What is remembered of it. */
  get remembered(): RememberedNotebook | undefined {
    return this.context.notebooks.get(this.uri);
  }

  /** The host it uses, if it is known. */
  get host(): Host | undefined {
    const hostId = this.remembered?.hostId;
    return hostId === undefined ? undefined : this.context.hosts.get(hostId);
  }

  /** Whether the kernel is that of another person than the one who is signed in to its host: it goes on, out of reach. */
  get isOfAnother(): boolean {
    return isKernelOfAnother(this.remembered, this.host);
  }

  /** The folder in which the next kernel is started, as the host is told it. */
  folderIn(remembered: RememberedNotebook | undefined): string {
    return remembered?.remoteFolder ?? this.defaultFolder;
  }

  /** The path of the session in which the next kernel of an environment is started, or found. */
  sessionPathIn({ environmentId, sessionPath }: RememberedNotebook): string {
    return sessionPath ?? this.pathFor(environmentId, false);
  }

  /** Another environment from now on, without a kernel yet. */
  async setEnvironment(environment: EnvironmentReference, environmentName: string): Promise<void> {
    const before = this.remembered;
    const isSameHost = before?.hostId === environment.hostId;
    await this.set({
      hostId: environment.hostId,
      environmentId: environment.environmentId,
      environmentName,
      ...(isSameHost && before.remoteFolder !== undefined ? { remoteFolder: before.remoteFolder } : {}),
      // The plain session of the document has a kernel in the environment before: this one gets a session of its own.
      ...(before?.kernelId === undefined
        ? {}
        : { sessionPath: this.pathFor(environment.environmentId, true) }),
      usedAt: this.context.clock.now(),
    });
  }

  /** A kernel that runs already, from now on. */
  async setKernel(host: Host, details: KernelDetails, environment: EnvironmentReference): Promise<void> {
    const before = this.remembered;
    const path = details.session?.path;
    const { environmentId } = environment;
    const isOwn =
      path !== undefined &&
      (path === before?.sessionPath ||
        isOwnPath(path, { clientId: this.context.clientId, uri: this.uri, environmentId }));
    await this.set({
      ...environment,
      environmentName: details.environmentName,
      kernelId: details.id,
      ...agentOf(host),
      ...(isOwn ? { sessionPath: path } : {}),
      ...(!isOwn && before?.kernelId !== undefined ? { sessionPath: this.pathFor(environmentId, true) } : {}),
      usedAt: this.context.clock.now(),
    });
  }

  /** The kernel that was opened for what is chosen already. */
  async setOpened(host: Host, { id }: KernelDetails): Promise<void> {
    const { remembered } = this;
    if (remembered === undefined) return;
    await this.set({ ...remembered, kernelId: id, ...agentOf(host), usedAt: this.context.clock.now() });
  }

  /** Another folder, which counts from the next kernel on. */
  async setFolder(remoteFolder: string): Promise<void> {
    const { remembered } = this;
    if (remembered !== undefined) await this.set({ ...remembered, remoteFolder });
  }

  /** The session in which the kernel is. */
  async setSession(chosen: RememberedNotebook, sessionPath: string): Promise<void> {
    await this.set({ ...chosen, sessionPath });
  }

  /** The same environment, without the kernel, which is gone. */
  async forgetKernel(): Promise<void> {
    const { remembered } = this;
    if (remembered === undefined) return;
    await this.set(withoutKernel(remembered));
    await this.context.notebooks.setRuns(this.uri, undefined);
  }

  /** Whether this environment is the one that is used. */
  isIn(environment: EnvironmentReference): boolean {
    const { remembered } = this;
    return remembered !== undefined && isSameEnvironment(remembered, environment);
  }

  private get uri(): string {
    return this.notebook.uri.toString();
  }

  private get defaultFolder(): string {
    const { uri, isUntitled } = this.notebook;
    const folder = uri.scheme === 'file' && !isUntitled ? dirname(uri.fsPath) : undefined;
    const isThisMachine = this.host?.sources.has('this-machine') === true;
    return defaultFolderOf(this.context.defaultRemoteFolder(), folder, isThisMachine);
  }

  private pathFor(environmentId: string, isPlainTaken: boolean): string {
    const { clientId, notebooks } = this.context;
    return choosePath({
      clientId,
      uri: this.uri,
      baseName: baseNameOf(this.notebook),
      environmentId,
      isTaken: (path) => isPlainTaken || notebooks.isSessionTaken(path, this.uri),
      ...(this.notebook.isUntitled ? { nonce: this.context.clock.now().toString(36) } : {}),
    });
  }

  private async set(notebook: RememberedNotebook): Promise<void> {
    await this.context.notebooks.set(this.uri, notebook);
    this.context.changed(this.notebook);
  }
}
