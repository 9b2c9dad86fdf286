import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore } from '../../base/disposable';
import { toError } from '../../base/errors';
import { Emitter } from '../../base/event';
import { toSingleLine } from '../../base/text';
import { systemClock } from '../../base/time';
import { stableId } from '../../protocol/identity';
import type { KernelDetails } from '../../protocol/kernels';
import { askModally } from '../editor/notification';
import type {
  EnvironmentReference,
  NotebookKernelReference,
  NotebookKernels,
} from '../editor/notebook-kernels';
import type { Host } from '../hosts/host';
import { chooseEnvironment, rememberUse } from './environment-choice';
import { Controllers, type ControllerTarget } from './controllers';
import { HostWatch } from './host-watch';
import { toActions } from './kernel-remedies';
import { DeclinedError, KernelStarter } from './kernel-starter';
import { interruptKernel, restartKernel, shutDownKernel } from './kernel-verbs';
import { withLateProgress } from './late-progress';
import { LanguageFeatures } from './language/language-features';
import type { NotebookContext } from './notebook-context';
import type { NotebookKernelsOptions } from './notebook-kernels-options';
import { adoptCellLanguage } from './notebook-language';
import { OpenNotebooks } from './open-notebooks';
import { RememberedEnvironments } from './remembered-environments';
import { RememberedNotebooks } from './remembered-notebooks';
import { RunPermission } from './run-permission';
import { createShowProblem } from './show-problem';
import { StatusItems } from './status-items';
import { describeMissingKernel } from './verb-problems';

/** The notebooks of this window and their kernels, in the editor. */
export class NotebookKernelsInEditor implements NotebookKernels {
  private readonly store = new DisposableStore();
  private readonly changes = new Emitter<vscode.NotebookDocument>();
  private readonly context: NotebookContext;
  private readonly open: OpenNotebooks;
  private readonly controllers: Controllers;
  private readonly status: StatusItems;
  private readonly permission: RunPermission;

  readonly onDidChange = this.changes.event;

  constructor(private readonly options: NotebookKernelsOptions) {
    const { hosts, globalState, workspaceState, extensionId, clientId, defaultRemoteFolder } = options;
    const { logger } = options;
    const environments = new RememberedEnvironments(globalState, (reference) => this.open.isInUse(reference));
    const notebooks = new RememberedNotebooks(globalState, workspaceState);
    const showProblem = createShowProblem(logger);
    this.controllers = new Controllers({
      hosts,
      environments,
      extensionId,
      defaultRemoteFolder,
      logger,
      run: (cells, notebook, target) => this.quietly(this.run(cells, notebook, target)),
      interrupt: (notebook) => this.interrupt(notebook),
      selected: (notebook, target) => void this.quietly(this.onSelected(notebook, target)),
    });
    this.status = new StatusItems((notebook) => this.open.find(notebook));
    this.context = {
      hosts,
      clientId,
      clock: systemClock,
      logger,
      notebooks,
      environments,
      controllers: this.controllers,
      starter: new KernelStarter({
        hosts,
        environments,
        connectHost: options.connectHost,
        confirmOwner: ({ environmentName, hostName, ownerName }) =>
          askModally({
            message: t('The environment {0} on {1} belongs to {2}.', environmentName, hostName, ownerName),
            detail: t(
              'Whoever can change an environment decides what runs in it. A kernel there runs in your name.',
            ),
            accept: t('Use This Environment'),
          }),
        logger,
      }),
      defaultRemoteFolder,
      showProblem,
      showKernelProblem: (notebook, { severity, message, remedies }) =>
        showProblem({
          severity: severity ?? 'error',
          message,
          actions: toActions(remedies, {
            host: this.open.get(notebook).host,
            chooseAnother: () => this.chooseAnother(notebook),
            restart: async () => {
              await this.restart(notebook);
            },
            retry: async () => {
              await this.open.get(notebook).ensureLink();
            },
          }),
        }),
      withLateProgress,
      note: (cell, text) => this.status.note(cell, text),
      changed: (notebook) => {
        this.status.refresh();
        this.changes.fire(notebook);
      },
    };
    this.open = new OpenNotebooks(this.context);
    this.permission = new RunPermission(showProblem, (notebook) => this.chooseAnother(notebook));
  }

  /** Makes the controllers, without any network, and begins to listen. To be called once. */
  start(): void {
    this.store.add(this.changes);
    this.store.add(this.controllers);
    this.store.add(this.open);
    this.controllers.refresh();
    this.status.start();
    this.store.add(this.status);
    const features = new LanguageFeatures(
      (document) => this.open.findCell(document)?.current,
      this.context.logger,
    );
    features.start();
    this.store.add(features);
    this.open.start();
    const hosts = new HostWatch(this.options.hosts, {
      onHosts: () => this.controllers.refresh(),
      onAttached: (hostId) => this.resumeAll(hostId),
      onKernels: (hostId) => this.open.changedOf(hostId),
    });
    hosts.start();
    this.store.add(hosts);
    this.store.add(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('remoteKernels')) this.controllers.refresh();
      }),
    );
  }

  referenceOf(notebook: vscode.NotebookDocument): NotebookKernelReference | undefined {
    return this.open.find(notebook)?.reference;
  }

  async useEnvironment(notebook: vscode.NotebookDocument, environment: EnvironmentReference): Promise<void> {
    await this.quietly(this.select(notebook, environment));
  }

  async attach(notebook: vscode.NotebookDocument, hostId: string, kernelId: string): Promise<void> {
    await this.quietly(this.attachTo(notebook, hostId, kernelId));
  }

  async interrupt(notebook: vscode.NotebookDocument): Promise<void> {
    await this.quietly(interruptKernel(this.context, this.open.get(notebook)));
  }

  async restart(notebook: vscode.NotebookDocument): Promise<boolean> {
    if (!this.permission.isTrusted()) return false;
    return await restartKernel(this.context, this.open.get(notebook));
  }

  async shutDown(notebook: vscode.NotebookDocument): Promise<void> {
    await this.quietly(shutDownKernel(this.context, this.open.get(notebook)));
  }

  async setRemoteFolder(notebook: vscode.NotebookDocument, path: string): Promise<void> {
    const open = this.open.get(notebook);
    await this.quietly(open.setRemoteFolder(path));
    if (!open.needsFreshKernel) return;
    await this.context.showProblem({
      severity: 'information',
      message: t(
        'The kernel of this notebook goes on in the folder before until it is restarted. A restart loses its variables.',
      ),
      actions: [
        {
          title: t('Restart Now'),
          run: async () => {
            await this.restart(notebook);
          },
        },
      ],
    });
  }

  async pin(environment: EnvironmentReference): Promise<void> {
    await this.quietly(this.setPinned(environment, true));
  }

  async unpin(environment: EnvironmentReference): Promise<void> {
    await this.quietly(this.setPinned(environment, false));
  }

  isPinned(environment: EnvironmentReference): boolean {
    return this.context.environments.get(environment)?.isPinned === true;
  }

  dispose(): void {
    this.store.dispose();
  }

  private async run(
    cells: readonly vscode.NotebookCell[],
    notebook: vscode.NotebookDocument,
    target: ControllerTarget,
  ): Promise<void> {
    if (!this.permission.isTrusted()) return;
    if (target.kind === 'choose') {
      const chosen = await chooseEnvironment(this.context, this.options.pickers, target.hostId);
      if (chosen === undefined || !(await this.select(notebook, chosen))) return;
    }
    const open = this.open.get(notebook);
    const remembered = open.remembered;
    if (remembered === undefined) return;
    const environment = this.context.environments.get(remembered);
    const language = environment?.language ?? 'python';
    const where = { language, environmentName: remembered.environmentName, hostName: open.host?.name ?? '' };
    if (!(await this.permission.fits(notebook, where))) return;
    await adoptCellLanguage(notebook, language);
    await open.run(cells);
  }

  /** The editor says that the notebook uses a controller: by the person's choice, or because it did so before. */
  private async onSelected(notebook: vscode.NotebookDocument, target: ControllerTarget): Promise<void> {
    if (target.kind === 'choose') {
      // A choice that the editor remembered or made itself is no question to the person.
      if (!this.open.isSettled(notebook)) return;
      const chosen = await chooseEnvironment(this.context, this.options.pickers, target.hostId);
      if (chosen !== undefined) await this.select(notebook, chosen);
      return;
    }
    const environment = this.context.environments.get(target);
    if (environment === undefined) return;
    const open = this.open.get(notebook);
    const { hostId, environmentId } = target;
    await open.use({ hostId, environmentId }, environment.name);
    await this.context.environments.set({ ...environment, lastUsedAt: this.context.clock.now() });
    this.context.changed(notebook);
    await open.resume();
  }

  private async select(
    notebook: vscode.NotebookDocument,
    environment: EnvironmentReference,
  ): Promise<boolean> {
    const host = await this.context.starter.connected(environment.hostId);
    const known = await rememberUse(this.context, host, environment);
    if (known === undefined) return false;
    await this.open
      .get(notebook)
      .use({ hostId: known.hostId, environmentId: known.environmentId }, known.name);
    return await this.controllers.select(notebook, environment);
  }

  private async attachTo(notebook: vscode.NotebookDocument, hostId: string, kernelId: string): Promise<void> {
    const { hosts, starter, environments, clock } = this.context;
    const agentId = hosts.get(hostId)?.agent.hello?.agentId;
    const host = await starter.connected(hostId);
    const details = await starter.findLiving(host, kernelId, AbortSignal.timeout(20_000));
    if (details === undefined) {
      await this.context.showProblem({
        severity: 'warning',
        message: describeMissingKernel(host, agentId),
        actions: [],
      });
      return;
    }
    const reference = { hostId, environmentId: details.environmentId ?? stableId(details.kernelspecName) };
    const known =
      (await rememberUse(this.context, host, reference)) ?? rememberedFromKernel(host, details, reference);
    await environments.set({ ...known, lastUsedAt: clock.now() });
    // First, since cells that the kernel runs already are shown with the controller.
    if (!(await this.controllers.select(notebook, reference))) {
      await this.context.showProblem({
        severity: 'warning',
        message: t(
          'The kernel on {0} is not used: the editor did not select {1} for this notebook.',
          host.name,
          toSingleLine(known.name, 80),
        ),
        actions: [],
      });
      return;
    }
    await this.open.get(notebook).useKernel(host, details, reference);
  }

  private async chooseAnother(notebook: vscode.NotebookDocument): Promise<void> {
    const hostId = this.open.get(notebook).remembered?.hostId;
    if (hostId === undefined) return;
    const chosen = await chooseEnvironment(this.context, this.options.pickers, hostId);
    if (chosen !== undefined) await this.useEnvironment(notebook, chosen);
  }

  private async setPinned(environment: EnvironmentReference, isPinned: boolean): Promise<void> {
    const host = this.options.hosts.get(environment.hostId);
    if (host === undefined) return;
    const known =
      (await rememberUse(this.context, host, environment)) ?? this.context.environments.get(environment);
    if (known === undefined) return;
    await this.context.environments.set({ ...known, isPinned });
    this.controllers.refresh();
  }

  private resumeAll(hostId: string): void {
    for (const open of this.open.of(hostId)) {
      const target = this.controllers.selectedFor(open.notebook);
      if (target?.kind === 'environment') void this.quietly(open.resume());
    }
  }

  /** The public methods never reject: what is not shown where it happens is shown here. */
  private async quietly(task: Promise<unknown>): Promise<void> {
    try {
      await task;
    } catch (error) {
      const { name, message } = toError(error);
      if (error instanceof DeclinedError || name === 'AbortError') return;
      this.context.logger.error('a notebook', error);
      void this.context.showProblem({
        severity: 'error',
        message: t('That did not work: {0}', toSingleLine(message, 200)),
        actions: [],
      });
    }
  }
}

/** A kernel whose environment is not in the host's list still says what a controller shows. */
function rememberedFromKernel(host: Host, details: KernelDetails, reference: EnvironmentReference) {
  return {
    ...reference,
    hostName: host.name,
    name: details.environmentName,
    kind: 'kernelspec' as const,
    prefix: details.kernelspecName,
    language: details.language,
    kernelspec: { name: details.kernelspecName, displayName: details.environmentName },
    isPinned: false,
    lastUsedAt: 0,
  };
}
