import { DisposableStore, type Disposable } from '../../../base/disposable';
import { Emitter, type Event } from '../../../base/event';
import { toError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { withDeadline } from '../../../base/time';
import { WireError } from '../../../protocol/errors';
import type { KeeperOrder, KeeperSettings } from '../../../protocol/keeper';
import type { KernelEvent } from '../../../protocol/kernels';
import { toAbandonedState, toLastKnownState, toUnreachableState } from './adoption';
import { endByForce } from './force';
import { Kernel } from './kernel';
import { startKeeper, type StartedKeeper } from './keeper-process';
import { findKernels } from './records';
import { recoverKernel, type Recovery } from './recovery';
import type { Lifetime } from '../lifetime';

/** What the registry needs to know about the place where it works. */
export interface KernelRegistryOptions {
  /** The bundle that is started as a keeper. */
  readonly program: string;
  /** State folders in which records can be, the one for fresh records first. */
  readonly stateFolders: readonly string[];
  readonly bootId: string;
  /** The user's limit, if there is one. */
  readonly maxKernels?: number;
  readonly startTimeoutMs: number;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}

/** How long a request to a kernel waits for a keeper that is being replaced. */
const replacementTimeoutMs = 15_000;

/**
 * All kernels of this user. It holds no kernel alive: each belongs to its keeper, which is found again by its record. What it adds is the limit,
 * the list, and the care for kernels whose keeper died.
 */
export class KernelRegistry implements Disposable {
  private readonly kernels = new Map<string, Kernel>();
  private readonly abandoned = new Set<string>();
  private readonly ending = new Set<string>();
  private readonly restarting = new Map<string, Promise<void>>();
  private readonly changed = new Emitter<KernelEvent>();
  private readonly resources = new DisposableStore();
  private starting = 0;

  constructor(private readonly options: KernelRegistryOptions) {}

  /** Fires with `kernel` and `removed`. */
  readonly onDidChange: Event<KernelEvent> = this.changed.event;

  /** Finds the kernels that run already. Called once, before the first request is answered. */
  async load(): Promise<void> {
    const { stateFolders, bootId, logger } = this.options;
    const kept: Kernel[] = [];
    for (const found of await findKernels(stateFolders, bootId, logger)) {
      const kernel = this.add(
        found.record.order,
        new Kernel(
          found.record.order,
          toLastKnownState(found.record),
          logger.child(found.record.order.kernelId.slice(0, 8)),
        ),
      );
      logger.info(`found kernel ${kernel.id}${found.kind === 'orphaned' ? ', whose keeper is gone' : ''}`);
      if (found.kind === 'kept') {
        kernel.follow(found.record.socket);
        kept.push(kernel);
      } else this.recover(kernel);
    }
    await Promise.all(kept.map((kernel) => this.readState(kernel)));
  }

  /** All kernels, the oldest first. */
  list(): Kernel[] {
    return [...this.kernels.values()].sort((a, b) => a.state.startedAt.localeCompare(b.state.startedAt));
  }

  /** The kernel with that id, if there is one. */
  find(id: string): Kernel | undefined {
    return this.kernels.get(id);
  }

  /** The kernel with that id. Throws {@link WireError} `kernel-not-found`. */
  get(id: string): Kernel {
    const kernel = this.kernels.get(id);
    if (kernel === undefined) throw new WireError('kernel-not-found', `Kernel does not exist: ${id}`);
    return kernel;
  }

  /** Throws {@link WireError} `kernel-limit-reached` when the user has as many living kernels as allowed; asked before any work is done. */
  checkLimit(): void {
    const limit = this.options.maxKernels;
    if (limit === undefined) return;
    const living = this.list().filter(
      (kernel) => kernel.state.state !== 'dead' || this.restarting.has(kernel.id),
    ).length;
    if (living + this.starting < limit) return;
    throw new WireError(
      'kernel-limit-reached',
      `you have ${living} kernels here and the limit is ${limit}: shut one down first`,
      { limit },
    );
  }

  /** Starts a kernel. Rejects with the {@link WireError} that says why it did not start. */
  async start(order: KeeperOrder): Promise<Kernel> {
    this.checkLimit();
    this.starting += 1;
    const hold = this.options.lifetime.hold(`kernel ${order.kernelId} is starting`);
    const logger = this.options.logger.child(order.kernelId.slice(0, 8));
    try {
      const started = await this.startKeeper(order, logger);
      const kernel = this.add(order, new Kernel(order, started.state, logger));
      kernel.follow(started.socket);
      logger.info(`started in ${order.environmentName}, process ${started.state.pid ?? 0}`);
      this.fire(kernel);
      return kernel;
    } finally {
      hold.dispose();
      this.starting -= 1;
    }
  }

  /** Interrupts what the kernel is doing. */
  async interrupt(id: string): Promise<void> {
    await (await this.keeper(id)).interrupt();
  }

  /**
   * Starts the kernel afresh under its id, also when it is dead or its keeper is gone with it. Two calls at once make one restart. A dead kernel
   * counts as a further one: throws {@link WireError} `kernel-limit-reached` as {@link checkLimit} does.
   */
  async restart(id: string): Promise<void> {
    const kernel = this.get(id);
    const running = this.restarting.get(id);
    if (running !== undefined) return running;
    if (kernel.state.state === 'dead') this.checkLimit();
    const restart = this.restartNow(kernel).finally(() => this.restarting.delete(id));
    this.restarting.set(id, restart);
    return restart;
  }

  /** Ends the kernel: asks it, and ends it by force when it or its keeper does not answer. */
  async shutdown(id: string): Promise<void> {
    const kernel = this.get(id);
    if (this.ending.has(id)) return;
    this.ending.add(id);
    try {
      // What was abandoned can still have a process: one that no keeper could take over.
      if (this.abandoned.has(id)) await endByForce(kernel.order.stateFolder, this.options.logger);
      else await this.endKernel(kernel);
    } finally {
      this.ending.delete(id);
      this.remove(kernel);
    }
  }

  /** Changes what belongs to the kernel and is kept with its record. */
  async change(id: string, settings: KeeperSettings): Promise<void> {
    const keeper = await this.keeper(id);
    await keeper.change(settings);
    this.find(id)?.update(await keeper.state());
  }

  /** What the kernel printed outside its channels. */
  async output(id: string): Promise<string> {
    if (this.abandoned.has(id)) return this.get(id).state.exit?.output ?? '';
    return (await this.keeper(id)).output();
  }

  /** Asks every keeper for its state, for what changes without a message, such as memory. */
  async refresh(): Promise<void> {
    await Promise.all(this.list().map((kernel) => this.readState(kernel)));
  }

  dispose(): void {
    this.resources.dispose();
    for (const kernel of this.kernels.values()) kernel.dispose();
    this.kernels.clear();
    this.changed.dispose();
  }

  private keeper(id: string) {
    const kernel = this.get(id);
    if (this.abandoned.has(id))
      throw new WireError('kernel-dead', 'this kernel is dead: restart it or shut it down');
    return kernel.keeper(withDeadline(replacementTimeoutMs, 'the keeper of the kernel'));
  }

  private startKeeper(order: KeeperOrder, logger: Logger): Promise<StartedKeeper> {
    return startKeeper(this.options.program, order, logger);
  }

  private async restartNow(kernel: Kernel): Promise<void> {
    if (!this.abandoned.has(kernel.id)) {
      const keeper = await this.keeper(kernel.id);
      await keeper.restart(this.options.startTimeoutMs + replacementTimeoutMs);
      kernel.update(await keeper.state());
      return;
    }
    await endByForce(kernel.order.stateFolder, this.options.logger);
    const order = { ...kernel.order, settings: this.settingsOf(kernel) };
    const started = await this.startKeeper(order, this.options.logger);
    await this.settle(kernel, { kind: 'adopted', started });
  }

  private add(order: KeeperOrder, kernel: Kernel): Kernel {
    this.kernels.set(order.kernelId, kernel);
    this.resources.add(kernel.onDidChange(() => this.fire(kernel)));
    this.resources.add(kernel.onDidLoseKeeper(() => this.recover(kernel)));
    return kernel;
  }

  private remove(kernel: Kernel): void {
    if (this.kernels.get(kernel.id) !== kernel) return;
    this.kernels.delete(kernel.id);
    this.abandoned.delete(kernel.id);
    kernel.dispose();
    this.changed.fire({ event: 'removed', id: kernel.id });
  }

  private fire(kernel: Kernel): void {
    this.changed.fire({ event: 'kernel', kernel: kernel.toDetails() });
  }

  private settingsOf(kernel: Kernel): KeeperSettings {
    return { ...kernel.order.settings, session: kernel.state.session ?? null };
  }

  private async endKernel(kernel: Kernel): Promise<void> {
    try {
      await (await this.keeper(kernel.id)).shutdown(false);
    } catch (error) {
      this.options.logger.warn(`kernel ${kernel.id} is ended by force: ${toError(error).message}`);
      await endByForce(kernel.order.stateFolder, this.options.logger);
    }
  }

  private async readState(kernel: Kernel): Promise<void> {
    if (this.abandoned.has(kernel.id)) return;
    try {
      kernel.update(await (await kernel.keeper(withDeadline(2_000, 'the keeper of the kernel'))).state());
    } catch (error) {
      this.options.logger.debug(`kernel ${kernel.id} did not say its state: ${toError(error).message}`);
    }
  }

  /** Decides what to do about a kernel whose keeper's connection ended. */
  private recover(kernel: Kernel): void {
    if (this.ending.has(kernel.id) || this.kernels.get(kernel.id) !== kernel) return;
    const hold = this.options.lifetime.hold(`kernel ${kernel.id} gets another keeper`);
    const { program, logger } = this.options;
    recoverKernel({
      program,
      recordFolder: kernel.order.stateFolder,
      onUnreachable: () => kernel.update(toUnreachableState(kernel.state)),
      signal: kernel.disposed,
      logger: logger.child(kernel.id.slice(0, 8)),
    })
      .then((recovery) => this.settle(kernel, recovery))
      .catch((error: unknown) => {
        if (!kernel.disposed.aborted) logger.error(`kernel ${kernel.id} is lost`, error);
      })
      .finally(() => hold.dispose());
  }

  private async settle(kernel: Kernel, recovery: Recovery): Promise<void> {
    if (this.kernels.get(kernel.id) !== kernel) {
      // It was shut down while a keeper started for it. When it is we who end, the keeper is found by the next agent.
      if (recovery.kind === 'adopted' && !this.resources.isDisposed)
        await endByForce(kernel.order.stateFolder, this.options.logger);
      return;
    }
    switch (recovery.kind) {
      case 'removed':
        this.remove(kernel);
        return;
      case 'kept':
        kernel.follow(recovery.socket);
        return;
      case 'adopted':
        this.abandoned.delete(kernel.id);
        kernel.update(recovery.started.state);
        kernel.follow(recovery.started.socket);
        return;
      case 'ended':
        this.abandon(kernel);
    }
  }

  /** Keeps a kernel in the list that has neither process nor keeper, so that its user sees what became of it and can start it again. */
  private abandon(kernel: Kernel): void {
    this.abandoned.add(kernel.id);
    kernel.update(toAbandonedState(kernel.state));
  }
}
