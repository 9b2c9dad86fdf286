import { t } from '@vscode/l10n';
import type * as vscode from 'vscode';
import { toSingleLine } from '../../base/text';
import { stableId } from '../../protocol/identity';
import type { KernelDetails } from '../../protocol/kernels';
import type { EnvironmentReference } from '../editor/notebook-kernels';
import type { Pickers } from '../editor/pickers';
import type { Host } from '../hosts/host';
import type { ControllerTarget } from './controllers';
import { chooseEnvironment, rememberUse } from './environment-choice';
import type { NotebookContext } from './notebook-context';
import type { OpenNotebooks } from './open-notebooks';
import { describeMissingKernel } from './verb-problems';

/** Which environment or kernel a notebook uses, as a person, a command or the editor's memory says. Its methods reject as `KernelStarter` does. */
export class NotebookSelection {
  constructor(
    private readonly context: NotebookContext,
    private readonly open: OpenNotebooks,
    private readonly pickers: Pick<Pickers, 'pickEnvironment'>,
  ) {}

  /** The editor says that the notebook uses a controller: by the person's choice, or because it did so before. */
  async onSelected(notebook: vscode.NotebookDocument, target: ControllerTarget): Promise<void> {
    if (target.kind === 'choose') {
      // A choice that the editor remembered or made itself is no question to the person.
      if (!this.open.isSettled(notebook)) return;
      const chosen = await chooseEnvironment(this.context, this.pickers, target.hostId);
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

  /** The notebook uses the environment from now on; resolves with whether it does. */
  async select(notebook: vscode.NotebookDocument, environment: EnvironmentReference): Promise<boolean> {
    const host = await this.context.starter.connected(environment.hostId);
    const known = await rememberUse(this.context, host, environment);
    if (known === undefined) return false;
    await this.open
      .get(notebook)
      .use({ hostId: known.hostId, environmentId: known.environmentId }, known.name);
    return await this.context.controllers.select(notebook, environment);
  }

  /** The notebook goes on with a kernel that runs; why it does not is shown. */
  async attach(notebook: vscode.NotebookDocument, hostId: string, kernelId: string): Promise<void> {
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
    if (!(await this.context.controllers.select(notebook, reference))) {
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

  /** Asks for another environment on the notebook's host. */
  async chooseAnother(notebook: vscode.NotebookDocument): Promise<void> {
    const hostId = this.open.get(notebook).remembered?.hostId;
    if (hostId === undefined) return;
    const chosen = await chooseEnvironment(this.context, this.pickers, hostId);
    if (chosen !== undefined) await this.select(notebook, chosen);
  }

  /** Keeps the environment among those that every notebook is offered, or no longer. */
  async setPinned(environment: EnvironmentReference, isPinned: boolean): Promise<void> {
    const host = this.context.hosts.get(environment.hostId);
    if (host === undefined) return;
    const known =
      (await rememberUse(this.context, host, environment)) ?? this.context.environments.get(environment);
    if (known === undefined) return;
    await this.context.environments.set({ ...known, isPinned });
    this.context.controllers.refresh();
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
