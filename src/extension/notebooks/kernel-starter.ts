import { t } from '@vscode/l10n';
import type { Logger } from '../../base/logger';
import { nextEvent } from '../../base/event';
import { toSingleLine } from '../../base/text';
import { withDeadline } from '../../base/time';
import type { Environment } from '../../protocol/environments';
import { WireError } from '../../protocol/errors';
import { notebookSessionType } from '../../protocol/identity';
import type { KernelDetails } from '../../protocol/kernels';
import type { EnvironmentReference } from '../editor/notebook-kernels';
import type { Host, Hosts } from '../hosts/host';
import { isLost } from '../hosts/host-state';
import { rememberEnvironment, type RememberedEnvironments } from './remembered-environments';

/** A start may compile the caches of an environment on a slow network file system. */
const startTimeoutMs = 180_000;
const listTimeoutMs = 15_000;

/** What is asked before code runs in an environment of another user of the host. */
export interface OwnerQuestion {
  readonly environmentName: string;
  readonly hostName: string;
  readonly ownerName: string;
}

/** What a {@link KernelStarter} needs. */
export interface KernelStarterOptions {
  readonly hosts: Hosts;
  readonly environments: RememberedEnvironments;
  readonly connectHost: (hostId: string) => Promise<boolean>;
  /** Resolves with whether the person wants to use the environment all the same. */
  readonly confirmOwner: (question: OwnerQuestion) => Promise<boolean>;
  readonly logger: Logger;
}

/** What is to be started. */
export interface KernelOrder extends EnvironmentReference {
  /** A kernel that the notebook used before; taken when it lives. */
  readonly kernelId: string | undefined;
  readonly sessionPath: string;
  readonly sessionName: string;
  readonly workingDirectory: string;
}

/** The person said no, or dismissed what was asked: nothing is to be shown any more. */
export class DeclinedError extends Error {
  constructor() {
    super('declined');
    this.name = 'DeclinedError';
  }
}

/** Brings a notebook to its kernel: connects the host, asks what has to be asked, and finds or starts the kernel. */
export class KernelStarter {
  constructor(private readonly options: KernelStarterOptions) {}

  /** The host, connected. Rejects with {@link DeclinedError} when it did not come to that; that was shown already. */
  async connected(hostId: string): Promise<Host> {
    const host = this.known(hostId);
    if (host.agent.isAttached) return host;
    if (!(await this.options.connectHost(hostId))) throw new DeclinedError();
    return this.known(hostId);
  }

  /** Connects a host that was left on purpose; one that was lost comes back by itself and its kernels' messages wait for it. */
  async connectedUnlessLost(hostId: string): Promise<Host> {
    const host = this.known(hostId);
    return isLost(host.state) ? host : this.connected(hostId);
  }

  /**
   * The kernel that lives already, or a fresh one. Rejects with `WireError` for what the host refuses, and with {@link DeclinedError}.
   */
  async start(order: KernelOrder, signal: AbortSignal): Promise<KernelDetails> {
    const host = await this.connected(order.hostId);
    signal.throwIfAborted();
    if (order.kernelId !== undefined) {
      const living = await this.findLiving(host, order.kernelId, signal);
      if (living !== undefined) return living;
    }
    const environment = await this.environmentOf(host, order.environmentId, signal);
    if (environment !== undefined) await this.agree(host, environment);
    signal.throwIfAborted();
    this.options.logger.info(`starting a kernel in ${order.environmentId} on ${host.id}`);
    return await host.agent.startKernel(
      {
        environmentId: order.environmentId,
        workingDirectory: order.workingDirectory,
        session: { path: order.sessionPath, name: order.sessionName, type: notebookSessionType },
      },
      withDeadline(startTimeoutMs, 'starting the kernel', signal),
    );
  }

  /** The kernel, unless it is gone or dead. */
  async findLiving(host: Host, kernelId: string, signal: AbortSignal): Promise<KernelDetails | undefined> {
    const details = await host.agent.findKernel(
      kernelId,
      withDeadline(listTimeoutMs, 'asking for the kernel', signal),
    );
    return details === undefined || details.state === 'dead' ? undefined : details;
  }

  private known(hostId: string): Host {
    const host = this.options.hosts.get(hostId);
    if (host === undefined)
      throw new Error(t('the host of this notebook is not known any more; choose another kernel'));
    return host;
  }

  /** `undefined` for a host that has only kernelspecs to offer. */
  private async environmentOf(
    host: Host,
    environmentId: string,
    signal: AbortSignal,
  ): Promise<Environment | undefined> {
    const { agent } = host;
    if (!agent.capabilities.hasEnvironments) return undefined;
    const deadline = withDeadline(listTimeoutMs, 'reading the environments', signal);
    for (;;) {
      const found = agent.environments.get(environmentId);
      if (found !== undefined) return found;
      if (agent.environments.freshness === 'current') break;
      await nextEvent(agent.environments.onDidChange, deadline);
    }
    throw new WireError('environment-not-found', `there is no environment ${environmentId}`);
  }

  /** Code of another user's environment runs in the name of this one: asked once for each environment and owner. */
  private async agree(host: Host, environment: Environment): Promise<void> {
    if (environment.owner !== 'other') return;
    const { environments, confirmOwner } = this.options;
    const ownerName = environment.ownerName ?? t('another user');
    const reference = { hostId: host.id, environmentId: environment.id };
    const before = environments.get(reference);
    if (before?.trustedOwner === ownerName) return;
    const isAgreed = await confirmOwner({
      environmentName: toSingleLine(environment.name, 80),
      hostName: host.name,
      ownerName: toSingleLine(ownerName, 80),
    });
    if (!isAgreed) throw new DeclinedError();
    const remembered = rememberEnvironment(host, environment, before);
    await environments.set({ ...remembered, trustedOwner: ownerName });
  }
}
