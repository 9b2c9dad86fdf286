import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { DisposableStore } from '../../base/disposable';
import { toError } from '../../base/errors';
import { Emitter } from '../../base/event';
import { toSingleLine } from '../../base/text';
import { systemClock } from '../../base/time';
import { askModally } from '../editor/notification';
import type {
  EnvironmentReference,
  NotebookKernelReference,
  NotebookKernels,
} from '../editor/notebook-kernels';
import { chooseEnvironment } from './environment-choice';
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
import { NotebookSelection } from './notebook-selection';
import { OpenNotebooks } from './open-notebooks';
import { RememberedEnvironments } from './remembered-environments';
import { RememberedNotebooks } from './remembered-notebooks';
import { RunPermission } from './run-permission';
import { createShowProblem } from './show-problem';
import { StatusItems } from './status-items';

/** The notebooks of this window and their kernels, in the editor. */
export class NotebookKernelsInEditor implements NotebookKernels {
  private readonly store = new DisposableStore();
  private readonly changes = new Emitter<vscode.NotebookDocument>();
  private readonly context: NotebookContext;
  private readonly open: OpenNotebooks;
  private readonly controllers: Controllers;
  private readonly selection: NotebookSelection;
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
      selected: (notebook, target) => void this.quietly(this.selection.onSelected(notebook, target)),
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
            chooseAnother: () => this.quietly(this.selection.chooseAnother(notebook)),
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
    this.selection = new NotebookSelection(this.context, this.open, options.pickers);
    this.permission = new RunPermission(showProblem, (notebook) =>
      this.quietly(this.selection.chooseAnother(notebook)),
    );
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
    await this.quietly(this.selection.select(notebook, environment));
  }

  async attach(notebook: vscode.NotebookDocument, hostId: string, kernelId: string): Promise<void> {
    await this.quietly(this.selection.attach(notebook, hostId, kernelId));
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
    await this.quietly(this.selection.setPinned(environment, true));
  }

  async unpin(environment: EnvironmentReference): Promise<void> {
    await this.quietly(this.selection.setPinned(environment, false));
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
      if (chosen === undefined || !(await this.selection.select(notebook, chosen))) return;
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
