import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import { WireError } from '../../protocol/errors';
import type { KeeperOrder, KeeperSession, KeeperSettings, KeeperState } from '../../protocol/keeper';
import { isSameProcess, type ProcessIdentity } from '../platform/processes';
import { Clients } from './clients';
import { IdleWatch } from './idle-watch';
import { KeeperServer } from './keeper-server';
import { Kernel } from './kernel';
import { connectionFilePath, socketPrefix } from './kernel-connection';
import { RecordFile, type RecordFacts } from './record-file';
import { StartFailure } from './start-failure';
import { StateWatchers } from './state-watchers';

/** Why a keeper ends: with its kernel, or without it, which then waits for another keeper. */
export type KeeperEnd = 'shut-down' | 'left';

/** One kernel with its clients, its record and its socket, tied together. */
export class Keeper implements Disposable {
  private readonly disposables = new DisposableStore();
  /** Where it listens. */
  readonly socket: string;
  private readonly kernel: Kernel;
  private readonly clients: Clients;
  private readonly watchers: StateWatchers;
  private readonly server: KeeperServer;
  private readonly record: RecordFile;
  private readonly idle: IdleWatch;
  private session: KeeperSession | undefined;
  private isRestartedAutomatically: boolean;
  private keepIdleForHours: number | undefined;
  private lastClient = Date.now();
  private hasBegun = false;
  private readonly gaps: readonly string[];
  private finish: (end: KeeperEnd) => void = () => undefined;
  /** Resolves when this keeper has nothing left to do. */
  readonly ended = new Promise<KeeperEnd>((resolve) => {
    this.finish = resolve;
  });

  constructor(
    private readonly order: KeeperOrder,
    private readonly log: Logger,
  ) {
    const { settings } = order;
    this.session = settings.session ?? undefined;
    this.isRestartedAutomatically = settings.restartAutomatically ?? false;
    this.keepIdleForHours = settings.keepIdleForHours ?? undefined;
    this.gaps = order.adopt === undefined ? [] : [...order.adopt.gaps, new Date().toISOString()];
    this.socket = `${socketPrefix(order)}.sock`;
    this.record = new RecordFile(
      order,
      { socket: this.socket, connectionFile: connectionFilePath(order) },
      log,
    );
    this.kernel = this.disposables.add(
      new Kernel(
        order,
        {
          onMessage: (message) => this.clients.deliver(message),
          onTold: (state) => this.clients.tell(state),
          onChange: () => this.onChange(),
        },
        () => this.isRestartedAutomatically,
        log,
      ),
    );
    this.clients = this.disposables.add(
      new Clients(
        {
          onMessage: (channel, parts, header) => this.kernel.send(channel, parts, header),
          isDead: () => this.kernel.state === 'dead',
          onCountChange: () => {
            this.lastClient = Date.now();
            this.onChange();
          },
        },
        log,
      ),
    );
    this.watchers = this.disposables.add(new StateWatchers(() => this.readState()));
    this.idle = this.disposables.add(
      new IdleWatch(
        () => ({
          now: Date.now(),
          state: this.kernel.state,
          stateSince: this.kernel.stateSince.getTime(),
          lastActivity: this.kernel.lastActivity.getTime(),
          lastClient: this.lastClient,
          connections: this.clients.count,
          keepIdleForMs: this.keepIdleForHours === undefined ? undefined : this.keepIdleForHours * 3600_000,
        }),
        (reason) => {
          log.info(`ending the kernel: ${reason}`);
          void this.shutdown(false);
        },
      ),
    );
    this.server = this.disposables.add(
      new KeeperServer(
        order.kernelId,
        {
          readState: () => this.readState(),
          readOutput: () => this.kernel.output,
          interrupt: () => this.kernel.interrupt(),
          restart: () => this.restart(),
          shutdown: (isForced) => this.shutdown(isForced),
          change: (changed) => this.change(changed),
        },
        this.clients,
        this.watchers,
        log,
      ),
    );
  }

  /** Writes the record and listens. Throws a `WireError` when the disk is full or read-only. */
  async listen(): Promise<void> {
    await this.record.create(this.recordFacts());
    await this.server.listen(this.socket);
  }

  /** Starts or adopts the kernel. Throws as {@link Kernel.start} and {@link Kernel.adopt} do. */
  async begin(): Promise<KeeperState> {
    await (this.order.adopt === undefined ? this.kernel.start() : this.kernel.adopt(this.order.adopt));
    this.hasBegun = true;
    await this.record.settled();
    return this.readState();
  }

  /** Everything that the agent may know. */
  async readState(): Promise<KeeperState> {
    const { kernel } = this;
    await kernel.measureMemory();
    return {
      kernelId: this.order.kernelId,
      state: kernel.state,
      stateSince: kernel.stateSince.toISOString(),
      keeperPid: process.pid,
      startedAt: kernel.startedAt.toISOString(),
      lastActivity: kernel.lastActivity.toISOString(),
      connections: this.clients.count,
      restarts: kernel.restarts,
      badSignatures: kernel.badSignatures,
      gaps: [...this.gaps],
      transport: this.order.transport,
      ...(kernel.process === undefined ? {} : { pid: kernel.process.pid }),
      ...(kernel.memoryBytes === undefined || kernel.process === undefined
        ? {}
        : { memoryBytes: kernel.memoryBytes }),
      ...(this.session === undefined ? {} : { session: this.session }),
      ...(kernel.exit === undefined ? {} : { exit: kernel.exit }),
    };
  }

  /** Goes without the kernel, which stays as it is with its record, for another keeper to adopt. */
  leave(): void {
    this.log.info('this keeper ends; its kernel runs on');
    this.clients.leave();
    this.finish('left');
  }

  /**
   * After {@link listen} or {@link begin} has failed. A kernel that was to be adopted and still runs is not touched, nor are its files: another
   * keeper may have more luck. Otherwise nothing is left.
   */
  async giveUp(): Promise<void> {
    if (await this.isKernelToBeLeft()) this.server.dispose();
    else await this.cleanUp();
  }

  /** Removes everything that says that there is this kernel. */
  async cleanUp(): Promise<void> {
    await this.kernel.shutdown(true);
    this.server.dispose();
    await this.record.remove();
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private async isKernelToBeLeft(): Promise<boolean> {
    const process = this.processToAdopt();
    if (process === undefined) return false;
    // A system that cannot even say this is no reason to end somebody's work.
    return isSameProcess(process).catch(() => true);
  }

  private async restart(): Promise<void> {
    try {
      await this.kernel.restart();
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error;
      const { code, signal } = error.end;
      throw new WireError(error.code, error.message, {
        output: error.output,
        ...(code === undefined ? {} : { exitCode: code }),
        ...(signal === undefined ? {} : { signal }),
      });
    }
  }

  private async shutdown(isForced: boolean): Promise<void> {
    this.idle.dispose();
    await this.kernel.shutdown(isForced);
    this.clients.tell('dead');
    this.clients.closeAll();
    await this.watchers.finish();
    this.finish('shut-down');
  }

  private change(settings: KeeperSettings): void {
    if (settings.session !== undefined) this.session = settings.session ?? undefined;
    if (settings.restartAutomatically !== undefined)
      this.isRestartedAutomatically = settings.restartAutomatically;
    if (settings.keepIdleForHours !== undefined)
      this.keepIdleForHours = settings.keepIdleForHours ?? undefined;
    this.onChange();
  }

  private onChange(): void {
    this.watchers.notify();
    this.idle.review();
    this.record.update(this.recordFacts());
  }

  private settings(): KeeperSettings {
    return {
      session: this.session ?? null,
      restartAutomatically: this.isRestartedAutomatically,
      keepIdleForHours: this.keepIdleForHours ?? null,
    };
  }

  private recordFacts(): RecordFacts {
    const process = this.kernel.process ?? this.processToAdopt();
    return {
      startedAt: this.kernel.startedAt.toISOString(),
      restarts: this.kernel.restarts,
      gaps: [...this.gaps],
      settings: this.settings(),
      ...(process === undefined ? {} : { kernel: { pid: process.pid, processStartTime: process.startTime } }),
      ...(this.session === undefined ? {} : { session: this.session }),
    };
  }
  /** A keeper that ends in the middle of an adoption must leave a record by which another one can try. */
  private processToAdopt(): ProcessIdentity | undefined {
    const { adopt } = this.order;
    if (adopt === undefined || this.hasBegun) return undefined;
    return { pid: adopt.pid, startTime: adopt.processStartTime };
  }
}
