import { unlink } from 'node:fs/promises';
import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import { Sequence, Shared } from '../../base/sequence';
import { delay } from '../../base/time';
import { WireError } from '../../protocol/errors';
import type { KeeperOrder } from '../../protocol/keeper';
import type { KernelExit } from '../../protocol/kernels';
import type { KernelState } from '../../protocol/jupyter';
import type { KernelChannel, MessageParts } from '../../protocol/kernel-channels';
import { signalGroup } from '../platform/processes';
import type { ToldState } from './clients';
import { HeldMessages } from './held-messages';
import {
  connectionFilePath,
  createConnection,
  readConnectionFile,
  removeKernelSockets,
  writeConnectionFile,
  type KernelConnection,
} from './kernel-connection';
import { exitOf } from './kernel-exit';
import { launchKernel, werePortsTaken, type LaunchedKernel } from './kernel-launch';
import { adoptKernelProcess, type ProcessEnd } from './kernel-process';
import { KernelSession, type KernelMessage } from './kernel-session';
import { initialPhase, nextPhase, stateOf, type KernelEvent } from './kernel-state';
import { endProcessGroup, stopKernelProcess } from './kernel-stop';
import { MemoryWatch } from './memory-watch';
import { noRestarts, withRestart } from './restart-policy';
import { describeEnd, StartFailure } from './start-failure';
import type { HeaderFacts } from './wire-messages';

/** Who hears of a kernel. */
export interface KernelListener {
  onMessage(message: KernelMessage): void;
  /** Clients are to be told this; the kernel cannot say it itself. */
  onTold(state: ToldState): void;
  /** Something that {@link Kernel} tells of itself is different. */
  onChange(): void;
}

/** How long after the end of a process what it had sent may still arrive. */
const lastMessagesMs = 100;

/** How long an adopted kernel may take to answer before clients are let in all the same: it may be in a call that holds everything up. */
const adoptedAnswerMs = 3000;

/** The request with which an adopted kernel counts as busy until it answers on its shell channel. */
const beforeAdoption = 'before this keeper';

/**
 * One kernel through all its processes: started, interrupted, restarted, ended by itself or on request, adopted. Whatever starts or ends a
 * process is done one after another. Disposing lets go of a running kernel without ending it.
 */
export class Kernel implements Disposable {
  private readonly disposables = new DisposableStore();
  private readonly operations = new Sequence();
  private readonly restarting = new Shared(() => this.operations.run(() => this.restartNow()));
  private readonly held = new HeldMessages();
  private readonly ending = new AbortController();
  private readonly memory: MemoryWatch;
  private readonly connectionFile: string;
  private connection: KernelConnection | undefined;
  private current: LaunchedKernel | undefined;
  private phase = initialPhase;
  private since = new Date();
  private activity = new Date();
  private begun: Date;
  private lastExit: KernelExit | undefined;
  private lastOutput = '';
  private restartCount: number;
  private badSignatureCount = 0;
  private history = noRestarts;

  constructor(
    private readonly order: KeeperOrder,
    private readonly listener: KernelListener,
    private readonly isRestartedAutomatically: () => boolean,
    private readonly log: Logger,
  ) {
    this.connectionFile = connectionFilePath(order);
    this.begun = order.adopt === undefined ? new Date() : new Date(order.adopt.startedAt);
    this.restartCount = order.adopt?.restarts ?? 0;
    this.memory = this.disposables.add(new MemoryWatch(log, () => this.listener.onChange()));
  }

  get state(): KernelState {
    return stateOf(this.phase);
  }
  get stateSince(): Date {
    return this.since;
  }
  get lastActivity(): Date {
    return this.activity;
  }
  get startedAt(): Date {
    return this.begun;
  }
  get restarts(): number {
    return this.restartCount;
  }
  get badSignatures(): number {
    return this.badSignatureCount;
  }
  get exit(): KernelExit | undefined {
    return this.lastExit;
  }
  get memoryBytes(): number | undefined {
    return this.memory.memoryBytes;
  }
  /** The process that runs now. */
  get process(): { readonly pid: number; readonly startTime: string } | undefined {
    return this.current?.process;
  }
  /** The end of what it printed outside its channels, also after it has ended. */
  get output(): string {
    return this.current?.process.output.tail() ?? this.lastOutput;
  }

  /** Reads the memory now unless that was done a moment ago. */
  measureMemory(): Promise<void> {
    return this.memory.measure();
  }

  /** Starts it for the first time. Throws {@link StartFailure}, or a `WireError` when the connection file cannot be written. */
  start(): Promise<void> {
    return this.operations.run(async () => {
      this.connection = await createConnection(this.order);
      await writeConnectionFile(this.connectionFile, this.connection);
      try {
        await this.launch(this.connection);
      } catch (error) {
        if (!(error instanceof StartFailure) || !(await werePortsTaken(this.connection, error))) throw error;
        this.log.warn('a port was taken before the kernel bound it; starting once more with others');
        await unlink(this.connectionFile);
        this.connection = await createConnection(this.order);
        await writeConnectionFile(this.connectionFile, this.connection);
        await this.launch(this.connection);
      }
    });
  }

  /** Takes over a running kernel whose keeper has died. Throws when its process or its connection file is gone. */
  adopt(adopted: NonNullable<KeeperOrder['adopt']>): Promise<void> {
    return this.operations.run(async () => {
      const identity = { pid: adopted.pid, startTime: adopted.processStartTime };
      const process = await adoptKernelProcess(this.order, identity);
      const connection = await readConnectionFile(this.connectionFile).catch((error: unknown) => {
        process.release();
        throw error;
      });
      const session = this.createSession(connection);
      const launched = { process, session };
      this.connection = connection;
      this.setCurrent(launched);
      await session.open();
      this.apply({ kind: 'ready', busyWith: [beforeAdoption] });
      void this.watch(launched);
      void session.askKernelInfo('shell', this.ending.signal).then(
        () => this.apply({ kind: 'status', state: 'idle', request: beforeAdoption, isControl: false }),
        () => this.log.debug('the kernel was let go before it answered'),
      );
      const answer = session.askKernelInfo('control', this.ending.signal).catch(() => undefined);
      await Promise.race([answer, delay(adoptedAnswerMs, this.ending.signal).catch(() => undefined)]);
    });
  }

  /** Passes a client's message on, now or when the process that is being started is there. `false` when there is no kernel any more. */
  send(channel: KernelChannel, parts: MessageParts, header: HeaderFacts): boolean {
    this.activity = new Date();
    if (this.phase.kind === 'dead') return false;
    // Until it is ready everything is held, so that nothing overtakes what came before, and nothing is sent to sockets that are not open.
    if (this.current === undefined || this.phase.kind !== 'running') {
      if (!this.held.add({ channel, parts, header }))
        this.log.warn('too much waits for the restart; a message was dropped');
    } else this.current.session.send(channel, parts, header);
    return true;
  }

  /** Interrupts what it is doing, as its kernelspec says. Throws a `WireError` when it is dead. Nothing happens while it starts. */
  interrupt(): void {
    if (this.phase.kind === 'dead')
      throw new WireError('kernel-dead', 'this kernel has ended; it can be restarted');
    if (this.phase.kind !== 'running' || this.current === undefined) return;
    if (this.order.interruptMode === 'message') this.current.session.tell('interrupt_request', {});
    else signalGroup(this.current.process.pid, 'SIGINT');
  }

  /** The same kernel with a fresh process. Two calls at once make one restart. Throws {@link StartFailure}; it is then dead. */
  restart(): Promise<void> {
    return this.restarting.run();
  }

  /** Ends it with everything in its process group. With `isForced` it is not asked first. */
  shutdown(isForced: boolean): Promise<void> {
    this.ending.abort(new Error('the kernel is shut down'));
    return this.operations.run(async () => {
      await this.stop(false, isForced);
      this.apply({ kind: 'end' });
      if (this.connection !== undefined) await removeKernelSockets(this.connection);
    });
  }

  dispose(): void {
    this.current?.process.release();
    this.current?.session.dispose();
    this.disposables.dispose();
  }

  private async restartNow(): Promise<void> {
    this.ending.signal.throwIfAborted();
    this.apply({ kind: 'restart' });
    await this.stop(true, false);
    await this.launchAgain();
  }

  private async launchAgain(): Promise<void> {
    const connection = (this.connection ??= await readConnectionFile(this.connectionFile));
    this.restartCount += 1;
    try {
      await this.launch(connection);
    } catch (error) {
      this.held.take();
      this.lastExit ??= { at: new Date().toISOString() };
      this.apply({ kind: 'end' });
      this.listener.onTold('dead');
      throw error;
    }
  }

  private async launch(connection: KernelConnection): Promise<void> {
    this.begun = new Date();
    this.lastExit = undefined;
    const launched = await this.launchUntilEnding(connection).catch((error: unknown) => {
      if (error instanceof StartFailure) this.rememberEnd(error.end, error.output);
      this.setCurrent(undefined);
      throw error;
    });
    this.apply({ kind: 'ready' });
    for (const { channel, parts, header } of this.held.take()) launched.session.send(channel, parts, header);
    void this.watch(launched);
  }

  private launchUntilEnding(connection: KernelConnection): Promise<LaunchedKernel> {
    return launchKernel({
      order: this.order,
      connection,
      connectionFile: this.connectionFile,
      createSession: () => this.createSession(connection),
      onProcess: (started) => {
        this.setCurrent(started);
        this.listener.onTold('starting');
      },
      signal: this.ending.signal,
      log: this.log,
    });
  }

  private async watch(launched: LaunchedKernel): Promise<void> {
    const end = await launched.process.ended;
    await this.operations.run(() => this.onEnded(launched, end));
  }

  /** Its process has ended; unless that was our doing, it died. */
  private async onEnded(launched: LaunchedKernel, end: ProcessEnd): Promise<void> {
    if (this.current !== launched || this.disposables.isDisposed) return;
    await delay(lastMessagesMs);
    this.log.warn(`the kernel ended ${describeEnd(end)}`);
    launched.session.dispose();
    this.rememberEnd(end, launched.process.output.tail());
    this.setCurrent(undefined);
    await endProcessGroup(launched.process.pid);
    const history = this.isRestartedAutomatically() ? withRestart(this.history, Date.now()) : undefined;
    if (history === undefined) {
      this.apply({ kind: 'end' });
      this.listener.onTold('dead');
      return;
    }
    this.history = history;
    this.apply({ kind: 'restart' });
    this.listener.onTold('restarting');
    await this.launchAgain().catch((error: unknown) =>
      this.log.error('the kernel could not be started again', error),
    );
  }

  private async stop(isRestart: boolean, isForced: boolean): Promise<void> {
    const stopped = this.current;
    if (stopped === undefined) return;
    const { process, session } = stopped;
    this.current = undefined;
    const ask = isForced ? undefined : () => session.tell('shutdown_request', { restart: isRestart });
    const end = await stopKernelProcess(process, ask);
    this.log.info(`the kernel was ended ${describeEnd(end)}`);
    session.dispose();
    this.lastOutput = process.output.tail();
    process.release();
    this.setCurrent(undefined);
  }

  private rememberEnd(end: ProcessEnd, output: string): void {
    this.lastOutput = output;
    this.lastExit = exitOf(end, output, this.memory.memoryBytes);
  }

  private setCurrent(launched: LaunchedKernel | undefined): void {
    this.current = launched;
    this.memory.follow(launched?.process.pid, this.state === 'busy');
    this.listener.onChange();
  }

  private apply(event: KernelEvent): void {
    const before = this.state;
    this.phase = nextPhase(this.phase, event);
    if (this.state === before) return;
    this.since = new Date();
    this.memory.follow(this.current?.process.pid, this.state === 'busy');
    this.listener.onChange();
  }

  private createSession(connection: KernelConnection): KernelSession {
    return new KernelSession(
      connection,
      {
        onMessage: (message) => {
          this.activity = new Date();
          this.listener.onMessage(message);
        },
        onStatus: (status) => this.apply({ kind: 'status', ...status }),
        onBadSignature: () => {
          this.badSignatureCount += 1;
          this.listener.onChange();
        },
      },
      this.log,
    );
  }
}
