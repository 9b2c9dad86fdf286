import type { Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import { Emitter, nextEvent, type Event } from '../../../base/event';
import type { Logger } from '../../../base/logger';
import { WireError } from '../../../protocol/errors';
import type { KeeperOrder, KeeperState } from '../../../protocol/keeper';
import type { KernelModel } from '../../../protocol/jupyter';
import type { KernelDetails } from '../../../protocol/kernels';
import { KeeperClient } from './keeper-client';

/** The keeper of a kernel as the agent sees it: it answers on a socket, or it is gone and another one is not there yet. */
type KeeperLink = { readonly kind: 'linked'; readonly socket: string } | { readonly kind: 'lost' };

/**
 * One kernel as its keeper reports it. It follows one keeper's states until that connection ends; what happens then is decided by the registry,
 * which hears of it by `onDidLoseKeeper`.
 */
export class Kernel implements Disposable {
  private readonly changed = new Emitter<void>();
  private readonly linked = new Emitter<void>();
  private readonly lostKeeper = new Emitter<void>();
  private readonly disposing = new AbortController();
  private link: KeeperLink = { kind: 'lost' };

  constructor(
    /** What it was started with, without `adopt`. */
    readonly order: KeeperOrder,
    private current: KeeperState,
    private readonly logger: Logger,
  ) {}

  /** Fires when its state differs from what it was. */
  readonly onDidChange: Event<void> = this.changed.event;

  /** Fires when the connection to its keeper ended without our doing. */
  readonly onDidLoseKeeper: Event<void> = this.lostKeeper.event;

  /** Aborts when the kernel is disposed. */
  get disposed(): AbortSignal {
    return this.disposing.signal;
  }

  /** The kernel's id. */
  get id(): string {
    return this.order.kernelId;
  }

  /** What its keeper said last. */
  get state(): KeeperState {
    return this.current;
  }

  /** The keeper's socket; waits while a keeper that died is being replaced. Rejects when the signal aborts or the kernel is given up. */
  async socket(signal: AbortSignal): Promise<string> {
    const giveUp = AbortSignal.any([signal, this.disposing.signal]);
    for (;;) {
      const link = this.link;
      if (link.kind === 'linked') return link.socket;
      await nextEvent(this.linked.event, giveUp);
    }
  }

  /** Speaks with the keeper; waits for a replacement as {@link socket} does. */
  async keeper(signal: AbortSignal): Promise<KeeperClient> {
    return new KeeperClient(await this.socket(signal));
  }

  /** Begins to follow the keeper that answers there. */
  follow(socket: string): void {
    this.link = { kind: 'linked', socket };
    this.linked.fire();
    void this.watch(socket);
  }

  /** Takes a state that came another way than by the stream. */
  update(state: KeeperState): void {
    const isSame = JSON.stringify(state) === JSON.stringify(this.current);
    this.current = state;
    if (!isSame) this.changed.fire();
  }

  /** As the Jupyter API shows it. */
  toModel(): KernelModel {
    return {
      id: this.id,
      name: this.order.kernelspecName,
      last_activity: this.current.lastActivity,
      execution_state: this.current.state,
      connections: this.current.connections,
    };
  }

  /** As our own API shows it. */
  toDetails(): KernelDetails {
    const { order, current } = this;
    return {
      id: order.kernelId,
      state: current.state,
      stateSince: current.stateSince,
      ...(order.environmentId === undefined ? {} : { environmentId: order.environmentId }),
      environmentName: order.environmentName,
      kernelspecName: order.kernelspecName,
      launcher: order.launcher,
      language: order.language,
      ...(current.pid === undefined ? {} : { pid: current.pid }),
      keeperPid: current.keeperPid,
      ...(current.memoryBytes === undefined ? {} : { memoryBytes: current.memoryBytes }),
      startedAt: current.startedAt,
      lastActivity: current.lastActivity,
      workingDirectory: order.workingDirectory,
      transport: current.transport,
      connections: current.connections,
      restarts: current.restarts,
      ...(current.session === undefined ? {} : { session: current.session }),
      ...(current.exit === undefined ? {} : { exit: current.exit }),
      badSignatures: current.badSignatures,
      gaps: current.gaps,
    };
  }

  dispose(): void {
    this.disposing.abort(new WireError('kernel-not-found', `Kernel does not exist: ${this.id}`));
    this.changed.dispose();
    this.linked.dispose();
    this.lostKeeper.dispose();
  }

  private async watch(socket: string): Promise<void> {
    try {
      for await (const state of new KeeperClient(socket).watch(this.disposing.signal)) this.update(state);
    } catch (error) {
      if (this.disposing.signal.aborted) return;
      this.logger.debug(`the connection to the keeper broke: ${toError(error).message}`);
    }
    if (this.disposing.signal.aborted) return;
    this.link = { kind: 'lost' };
    this.lostKeeper.fire();
  }
}
