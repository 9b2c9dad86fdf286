import { t } from '@vscode/l10n';
import type { NotebookCell, NotebookCellExecution, NotebookDocument } from 'vscode';
import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import { Sequence } from '../../base/sequence';
import { toSingleLine } from '../../base/text';
import type { KernelDetails } from '../../protocol/kernels';
import type { EnvironmentReference, NotebookKernelReference } from '../editor/notebook-kernels';
import type { Host } from '../hosts/host';
import type { EditorCell } from './editor-cell';
import { readKernelEnd } from './kernel-end';
import { createEditorCell, KernelLink } from './kernel-link';
import { DeclinedError } from './kernel-starter';
import { NotebookChoice } from './notebook-choice';
import type { NotebookContext } from './notebook-context';
import { makeReference } from './notebook-reference';
import { writeKernelLanguage } from './notebook-language';
import { formatRemoteFolder, isMissingFileError, remoteFolderHint } from './remote-folder';
import { isSameChoice, type RememberedNotebook } from './remembered-notebooks';
import { baseNameOf } from './session-paths';
import { describeEndedKernel, describeKernelEnd, describeStartFailure } from './start-problems';

/** A notebook that is open in this window, with the kernel it uses. Its methods show their own errors and never reject. */
export class OpenNotebook implements Disposable {
  private link: KernelLink | undefined;
  private lastEnded: { readonly kernelId: string; readonly details: KernelDetails | undefined } | undefined;
  private readonly linking = new Sequence();
  private readonly running = new Set<NotebookCellExecution>();
  private starting: AbortController | undefined;
  private isEndingOnPurpose = false;
  private isFolderChanged = false;
  private hasHinted = false;
  private isDisposed = false;
  private readonly choice: NotebookChoice;

  constructor(
    private readonly context: NotebookContext,
    readonly notebook: NotebookDocument,
  ) {
    this.choice = new NotebookChoice(context, notebook);
  }

  /** The open kernel, if there is one. */
  get current(): KernelLink | undefined {
    return this.link;
  }

  /** What is remembered of it. */
  get remembered(): RememberedNotebook | undefined {
    return this.choice.remembered;
  }

  /** The host it uses, if it is known. */
  get host(): Host | undefined {
    return this.choice.host;
  }

  /** The folder in which its code runs, as shown. */
  get remoteFolder(): string {
    const chosen = this.choice.folderIn(this.remembered);
    const path = this.isFolderChanged ? chosen : (this.link?.details.workingDirectory ?? chosen);
    return formatRemoteFolder(path, this.host?.agent.hello?.homeFolder);
  }

  /** For commands and views. */
  get reference(): NotebookKernelReference | undefined {
    const { remembered, host, remoteFolder, link } = this;
    const endedKernelId = link === undefined ? this.lastEnded?.kernelId : undefined;
    return makeReference({ remembered, host, remoteFolder, details: link?.details, endedKernelId });
  }

  /** Whether the kernel is that of another person than the one who is signed in to its host: it goes on, out of reach. */
  get isOfAnother(): boolean {
    return this.choice.isOfAnother;
  }

  /** The notebook uses this environment from now on. A kernel that it used in another one is left alone, running. */
  async use(environment: EnvironmentReference, environmentName: string): Promise<void> {
    if (this.choice.isIn(environment)) return;
    this.cancelStart();
    this.unlink();
    await this.choice.setEnvironment(environment, environmentName);
  }

  /** The notebook uses a kernel that runs already. */
  async useKernel(host: Host, details: KernelDetails, environment: EnvironmentReference): Promise<void> {
    this.cancelStart();
    await this.choice.setKernel(host, details, environment);
    await this.linking.run(async () => {
      if (this.link?.details.id === details.id) return;
      this.unlink();
      await this.linkTo(host, details);
    });
  }

  /** Finds the kernel of before again, if it lives, without starting or running anything. */
  async resume(): Promise<void> {
    const { host, remembered } = this;
    const kernelId = remembered?.kernelId;
    if (host?.agent.isAttached !== true || kernelId === undefined || this.link !== undefined) return;
    if (this.isOfAnother) return;
    try {
      await this.linking.run(async () => {
        if (this.link !== undefined || this.isDisposed) return;
        const details = await host.agent.findKernel(kernelId, AbortSignal.timeout(20_000));
        if (details !== undefined && details.state !== 'dead') await this.linkTo(host, details);
        else await this.settleMissedEnd(host, kernelId, details);
      });
    } catch (error) {
      this.context.logger.info(`the kernel of before was not found: ${toError(error).message}`);
    }
  }

  /** Runs cells, which are shown as pending at once. */
  async run(cells: readonly NotebookCell[]): Promise<void> {
    const reserved = cells.flatMap((cell) => this.reserve(cell));
    const link = await this.ensureLink();
    if (link === undefined) {
      for (const cell of reserved) cell.end(undefined, this.context.clock.now());
      return;
    }
    link.execution.enqueue(reserved);
  }

  /** The kernel, found or started; `undefined` when there is none, which was shown. */
  async ensureLink(): Promise<KernelLink | undefined> {
    const { remembered } = this;
    if (remembered === undefined) return undefined;
    try {
      return await this.linking.run(() => this.findOrStart(remembered));
    } catch (error) {
      if (error instanceof DeclinedError || toError(error).name === 'AbortError') return undefined;
      this.context.logger.warn(`no kernel: ${toError(error).message}`);
      const where = {
        environmentName: remembered.environmentName,
        hostName: this.host?.name ?? t('its host'),
      };
      void this.context.showKernelProblem(this.notebook, describeStartFailure(error, where));
      return undefined;
    }
  }

  /** Ends the wait for a kernel that is starting. */
  cancelStart(): void {
    this.starting?.abort(new DOMException('cancelled', 'AbortError'));
  }

  /** Says that the kernel is about to end or start again because the person wants it, so that nothing is made of it. */
  async onPurpose<T>(task: () => Promise<T>): Promise<T> {
    this.isEndingOnPurpose = true;
    try {
      return await task();
    } finally {
      this.isEndingOnPurpose = false;
    }
  }

  /** Another folder counts from the next kernel on. */
  async setRemoteFolder(path: string): Promise<void> {
    if (this.remembered === undefined) return;
    await this.choice.setFolder(path);
    const home = this.host?.agent.hello?.homeFolder;
    const isSame = (one: string) => formatRemoteFolder(one, home) === formatRemoteFolder(path, home);
    this.isFolderChanged = this.link !== undefined && !isSame(this.link.details.workingDirectory);
    this.context.changed(this.notebook);
  }

  /** Whether the running kernel works in another folder than the one that was chosen since. */
  get needsFreshKernel(): boolean {
    return this.isFolderChanged;
  }

  /** Closes the channels and forgets the kernel, which is gone. */
  async forgetKernel(): Promise<void> {
    this.unlink();
    await this.choice.forgetKernel();
  }

  /** Leaves the kernel alone. */
  dispose(): void {
    this.isDisposed = true;
    this.cancelStart();
    this.link?.dispose();
    this.link = undefined;
  }

  private get uri(): string {
    return this.notebook.uri.toString();
  }

  private reserve(cell: NotebookCell): EditorCell[] {
    const run = createEditorCell(this.context, cell, this.running);
    try {
      run.reserve();
      return [run];
    } catch (error) {
      // It runs or waits already.
      this.context.logger.debug(`cell ${run.cellId} not taken: ${toError(error).message}`);
      return [];
    }
  }

  /** `asked` is what the notebook used when the kernel was asked for: what was to run there runs nowhere else. */
  private async findOrStart(asked: EnvironmentReference): Promise<KernelLink> {
    const { starter } = this.context;
    const { remembered } = this;
    if (remembered === undefined || !this.choice.isIn(asked)) throw new DeclinedError();
    if (this.link !== undefined) {
      await starter.connectedUnlessLost(remembered.hostId);
      if (!this.isOfAnother) return this.link;
      this.unlink();
    }
    const controller = new AbortController();
    this.starting = controller;
    const name = toSingleLine(remembered.environmentName, 80);
    const sessionPath = this.choice.sessionPathIn(remembered);
    try {
      const host = await starter.connected(remembered.hostId);
      controller.signal.throwIfAborted();
      const details = await this.context.withLateProgress(
        t('Starting a kernel in {0} on {1}', name, host.name),
        (signal) =>
          starter.start(
            {
              hostId: remembered.hostId,
              environmentId: remembered.environmentId,
              kernelId: this.canLive(remembered.kernelId) ? remembered.kernelId : undefined,
              sessionPath,
              sessionName: baseNameOf(this.notebook),
              workingDirectory: this.choice.folderIn(remembered),
            },
            AbortSignal.any([signal, controller.signal]),
          ),
      );
      // The person may have chosen another folder meanwhile, which stays, or another kernel, in which case this one is left alone.
      const chosen = this.remembered;
      if (chosen === undefined || !isSameChoice(chosen, remembered)) throw new DeclinedError();
      await this.choice.setSession(chosen, sessionPath);
      return await this.linkTo(host, details);
    } finally {
      if (this.starting === controller) this.starting = undefined;
    }
  }

  private canLive(kernelId: string | undefined): boolean {
    return this.lastEnded?.kernelId !== kernelId && !this.isOfAnother;
  }

  private async linkTo(host: Host, details: KernelDetails): Promise<KernelLink> {
    if (this.isDisposed) throw new DeclinedError();
    const link = new KernelLink(this.context, this.notebook, host, details, this.running, {
      onEnded: (ended) => this.onEnded(link, ended),
      onRestarting: () => this.onRestarting(link),
      onError: (name) => this.onError(name),
    });
    this.link = link;
    this.lastEnded = undefined;
    this.isFolderChanged = false;
    link.start();
    await this.choice.setOpened(host, details);
    void writeKernelLanguage(this.context, this.notebook, link);
    return link;
  }

  private unlink(): void {
    const { link } = this;
    if (link === undefined) return;
    this.link = undefined;
    link.execution.abandon({
      isError: false,
      note: t('The notebook uses another kernel since this cell was started'),
    });
    link.dispose();
    this.context.changed(this.notebook);
  }

  private onEnded(link: KernelLink, details: KernelDetails | undefined): void {
    if (this.link !== link) return;
    this.link = undefined;
    const isOnPurpose = this.isEndingOnPurpose;
    // In the sequence, so that nothing is run before this is settled.
    void this.linking.run(async () => {
      const { logger } = this.context;
      this.settleEnd(
        link,
        await readKernelEnd(link.host.agent, link.details.id, details, logger),
        isOnPurpose,
      );
    });
  }

  private settleEnd(link: KernelLink, details: KernelDetails | undefined, isOnPurpose: boolean): void {
    const sentence = describeKernelEnd(link.host.name, details?.exit);
    const wasBusy = link.execution.isBusy;
    this.lastEnded = { kernelId: link.details.id, details };
    if (isOnPurpose) link.execution.abandon({ isError: false });
    else link.execution.abandon({ isError: true, text: `${sentence}\n` });
    link.dispose();
    void this.context.notebooks.setRuns(this.uri, undefined);
    this.context.changed(this.notebook);
    if (isOnPurpose || this.isDisposed) return;
    this.showEnd(link.host, { kernelId: link.details.id, exit: details?.exit, wasBusy });
  }

  /** The kernel of before ended while this window was not there, or could not hear of it. Said once, then it is forgotten. */
  private async settleMissedEnd(
    host: Host,
    kernelId: string,
    details: KernelDetails | undefined,
  ): Promise<void> {
    // A person who chose another one meanwhile, or saw it end here, knows.
    if (this.remembered?.kernelId !== kernelId) return;
    const isKnown = this.lastEnded?.kernelId === kernelId;
    const runs = this.context.notebooks.runsOf(this.uri);
    const wasBusy = runs?.kernelId === kernelId && runs.runs.length > 0;
    await this.forgetKernel();
    if (!isKnown) this.showEnd(host, { kernelId, exit: details?.exit, wasBusy });
  }

  private showEnd(host: Host, ended: Parameters<typeof describeEndedKernel>[1]): void {
    const problem = describeEndedKernel(host.name, ended);
    if (problem !== undefined) void this.context.showKernelProblem(this.notebook, problem);
  }

  private onRestarting(link: KernelLink): void {
    if (this.link !== link || this.isEndingOnPurpose) return;
    const wasBusy = link.execution.isBusy;
    const message = t(
      'The kernel of this notebook on {0} ended or was restarted elsewhere, and starts again. Its variables are gone.',
      link.host.name,
    );
    link.execution.abandon({ isError: true, text: `${message}\n` });
    if (wasBusy) void this.context.showProblem({ severity: 'warning', message, actions: [] });
  }

  private onError(name: string): void {
    const { host } = this;
    if (this.hasHinted || !isMissingFileError(name) || host === undefined) return;
    this.hasHinted = true;
    void this.context.showKernelProblem(this.notebook, {
      severity: 'information',
      message: remoteFolderHint(host.name, this.remoteFolder, host.sources.has('this-machine')),
      remedies: [{ kind: 'choose-folder' }],
    });
  }
}
