import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { t } from '@vscode/l10n';
import type { Disposable } from '../../base/disposable';
import { DisposableStore } from '../../base/disposable';
import { toError } from '../../base/errors';
import { Emitter } from '../../base/event';
import type { Logger } from '../../base/logger';
import { toSingleLine } from '../../base/text';
import type { Clock } from '../../base/time';
import { cellIdMetadataKey } from '../../protocol/identity';
import type { RemoteKernel } from '../remote/remote-agent';
import { emptyCellQueue, stepCellQueue, type CellQueue, type CellQueueEvent } from './cell-queue';
import { CellRun, type CellRunResult } from './cell-run';
import { CellRuns, type RememberedRun } from './cell-runs';
import type { CellSurface } from './cell-surface';
import { InputRequests, type AskInput } from './input-requests';
import { readCellMessage, type CellMessage, type ReplyPayload } from './outputs/cell-message';

/** What the cells of one notebook need around them while they run. */
export interface NotebookExecutionOptions {
  readonly kernel: RemoteKernel;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly askInput: AskInput;
  /** Does what a reply asks the front end to do to the cells. Never rejects. */
  readonly setNextInput: (cell: CellSurface, text: string, isReplacing: boolean) => Promise<void>;
  /** Keeps the requests that run at the moment. */
  readonly remember: (runs: readonly RememberedRun[]) => void;
  /** An error of a cell came in, by its name. */
  readonly onError: (name: string, value: string) => void;
  /** The kernel says that it starts again, whoever asked for it. */
  readonly onRestarting: () => void;
  /** The sentence below a cell whose end was missed; the times are milliseconds since the epoch. */
  readonly missedNote: (awaySince: number | undefined) => string;
  /** The sentence below a cell that ran while the kernel had no keeper. */
  readonly gapNote: () => string;
}

/** The note below a cell whose request was sent, but of which nothing at all was heard. */
export function notReachedNote(): string {
  return t('This cell may not have reached the kernel; run it again');
}

/**
 * Runs the cells of one notebook on one open kernel, one after another. Messages are routed by the request they belong to, so that what was
 * asked before a reload or comes after its end finds its cell. A lost connection ends nothing; when the kernel can be heard again, a reply
 * that was sent meanwhile is noticed by asking the kernel something behind it.
 */
export class NotebookExecution implements Disposable {
  private readonly disposables = new DisposableStore();
  private readonly changed = new Emitter<void>();
  private readonly surfaces = new Map<string, CellSurface>();
  private readonly runs = new CellRuns();
  /** Requests that were handed to the connection while it was open, and so may have been answered while it was not. */
  private readonly heard = new Set<string>();
  private readonly inputs: InputRequests;
  private queue: CellQueue = emptyCellQueue;
  private awaySince: number | undefined;
  /** What ran when the kernel could be heard no longer, the last time. */
  private runningAtLoss: readonly CellRun[] = [];
  /** The cell whose turn it is, while the kernel cannot be heard. */
  private held: string | undefined;
  private round = 0;

  /** Fires when a cell begins, ends, or is stopped. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly options: NotebookExecutionOptions) {
    this.inputs = new InputRequests(options.askInput, options.kernel.connection, options.logger);
  }

  /** Begins to listen. To be called once. */
  start(): void {
    const { kernel } = this.options;
    const onMessage = (_sender: unknown, { msg, direction }: Kernel.IAnyMessageArgs) => {
      if (direction === 'recv') this.receive(msg);
    };
    kernel.connection.anyMessage.connect(onMessage);
    this.disposables.addRelease(() => kernel.connection.anyMessage.disconnect(onMessage));
    this.disposables.add(kernel.onDidChangeOpen((isOpen) => this.onOpenChanged(isOpen)));
    this.disposables.add(kernel.onDidMiss(() => this.sayGap()));
    this.disposables.add(this.changed);
  }

  /** The run that the kernel is working on, and the one whose turn it is, if it was sent. */
  get current(): CellRun | undefined {
    return this.runs.current;
  }

  /** Whether anything runs or waits. */
  get isBusy(): boolean {
    return this.queue.running !== undefined || this.current !== undefined;
  }

  /** Since when the kernel cannot be heard, in milliseconds since the epoch. */
  get lostAt(): number | undefined {
    return this.awaySince;
  }

  /** Queues cells in their order. */
  enqueue(cells: readonly CellSurface[]): void {
    for (const cell of cells) this.surfaces.set(cell.key, cell);
    this.step({ kind: 'added', keys: cells.map((cell) => cell.key) });
  }

  /** Goes on with a request that was sent before the window was loaded. `isShown` says whether its cell is shown as running at once. */
  resume(cell: CellSurface, remembered: RememberedRun, isShown: boolean): void {
    if (this.runs.get(remembered.messageId) !== undefined) return;
    const run = this.createRun(cell, remembered.messageId, remembered.startedAt);
    this.heard.add(run.messageId);
    if (isShown) run.showAsRunning();
    this.rememberRuns();
    this.changed.fire();
  }

  /** Ends resumed runs that the kernel has finished with; resolves when it has answered. */
  synchronize(): Promise<void> {
    return this.askBehind([...this.heard]);
  }

  /** A person interrupts: what waits does not run, an open question is closed. The running cell ends by the kernel's own word. */
  stopWaiting(): void {
    this.inputs.cancel();
    this.step({ kind: 'stopped' });
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.drop([held]);
    this.step({ kind: 'ended', key: held, isError: true });
  }

  /** The kernel was restarted, shut down or died: every cell ends. `text` goes to the output of the running one. */
  abandon(reason: { readonly isError: boolean; readonly text?: string; readonly note?: string }): void {
    this.inputs.cancel();
    this.round += 1;
    const running = this.runs.unended;
    const unsent = this.queue.running;
    this.held = undefined;
    this.step({ kind: 'abandoned' });
    for (const run of running) run.endEarly(reason);
    if (unsent !== undefined && !running.some((run) => run.surface.key === unsent)) this.drop([unsent]);
    this.heard.clear();
    this.rememberRuns();
  }

  /** Ends nothing in the kernel; cells that run are left as they are shown, for whoever comes next. */
  dispose(): void {
    this.inputs.cancel();
    this.round += 1;
    this.disposables.dispose();
  }

  private step(event: CellQueueEvent): void {
    const { queue, begin, dropped } = stepCellQueue(this.queue, event);
    this.queue = queue;
    this.drop(dropped);
    if (begin !== undefined) this.begin(begin);
    this.changed.fire();
  }

  private drop(keys: readonly string[]): void {
    for (const key of keys) {
      this.surfaces.get(key)?.end(undefined, this.options.clock.now());
      this.surfaces.delete(key);
    }
  }

  private begin(key: string): void {
    const cell = this.surfaces.get(key);
    if (cell === undefined || cell.isGone) {
      this.drop([key]);
      this.step({ kind: 'ended', key, isError: false });
      return;
    }
    const code = cell.text;
    if (code.trim() === '') {
      this.skipEmpty(cell);
      return;
    }
    const { kernel, logger } = this.options;
    // Not yet handed to the connection, which would send it in any case, so that an interrupt can still take it back.
    this.held = kernel.isOpen ? undefined : key;
    if (this.held !== undefined) return;
    try {
      const future = kernel.connection.requestExecute(
        { code, silent: false, store_history: true, allow_stdin: true, stop_on_error: false },
        true,
        { [cellIdMetadataKey]: cell.cellId },
      );
      // The end of the run is seen in the messages; a cancelled future is an answer to a restart.
      future.done.catch((error: unknown) => logger.trace(`request ended early: ${toError(error).message}`));
      const run = this.createRun(cell, future.msg.header.msg_id);
      this.heard.add(run.messageId);
      this.rememberRuns();
    } catch (error) {
      logger.error(`cell ${cell.cellId} could not be sent`, error);
      cell.note(t('This cell was not sent: {0}', toSingleLine(toError(error).message)));
      this.drop([key]);
      this.step({ kind: 'ended', key, isError: true });
    }
  }

  /** A cell without code is nothing to a kernel: its outputs go and it has no number. */
  private skipEmpty(cell: CellSurface): void {
    const at = this.options.clock.now();
    cell.start(at);
    void cell.apply([{ kind: 'clear' }]).then(() => {
      cell.end(undefined, this.options.clock.now());
      this.surfaces.delete(cell.key);
      this.step({ kind: 'ended', key: cell.key, isError: false });
    });
  }

  private createRun(cell: CellSurface, messageId: string, resumedFrom?: number): CellRun {
    const run = new CellRun({
      surface: cell,
      messageId,
      clock: this.options.clock,
      ...(resumedFrom === undefined ? {} : { resumedFrom }),
      onEnd: (result) => this.onRunEnded(run, result),
    });
    this.runs.add(run);
    return run;
  }

  private onRunEnded(run: CellRun, result: CellRunResult): void {
    this.heard.delete(run.messageId);
    this.surfaces.delete(run.surface.key);
    this.runs.forgetOld();
    this.rememberRuns();
    this.step({ kind: 'ended', key: run.surface.key, isError: result !== 'ok' });
  }

  private rememberRuns(): void {
    this.options.remember(this.runs.toRemember(this.options.clock.now()));
  }

  private receive(message: KernelMessage.IMessage): void {
    const parent = 'msg_id' in message.parent_header ? message.parent_header.msg_id : undefined;
    const run = parent === undefined ? undefined : this.runs.get(parent);
    if (run === undefined && message.header.msg_type !== 'status') return;
    const content = readCellMessage(message);
    if (content.kind === 'status' && this.isRestart(content.state)) this.options.onRestarting();
    if (run === undefined) return;
    const wasStarted = run.startedAt !== undefined;
    run.receive(content);
    if (!wasStarted && run.startedAt !== undefined) {
      this.rememberRuns();
      this.changed.fire();
    }
    this.react(run, content, message);
  }

  /** A kernel that begins while it was busy with something of ours is not the one that was busy. */
  private isRestart(state: string): boolean {
    if (state === 'restarting') return true;
    return state === 'starting' && this.current?.startedAt !== undefined;
  }

  private react(run: CellRun, content: CellMessage, message: KernelMessage.IMessage): void {
    if (content.kind === 'input-request') {
      void this.inputs.answer(content, message.header as KernelMessage.IHeader<'input_request'>);
    }
    if (content.kind === 'error') this.options.onError(content.name, content.value);
    if (content.kind !== 'reply') return;
    this.inputs.cancel();
    for (const payload of content.payloads) this.applyPayload(run.surface, payload);
  }

  private applyPayload(cell: CellSurface, payload: ReplyPayload): void {
    if (payload.kind === 'set-next-input')
      void this.options.setNextInput(cell, payload.text, payload.isReplacing);
  }

  /** A cell may have ended between the loss and the word of what it was. */
  private sayGap(): void {
    for (const run of new Set([...this.runningAtLoss, ...this.runs.unended]))
      if (run.startedAt !== undefined) run.surface.note(this.options.gapNote());
  }

  private onOpenChanged(isOpen: boolean): void {
    this.round += 1;
    if (!isOpen) {
      this.awaySince ??= this.options.clock.now();
      this.runningAtLoss = this.runs.unended;
      this.changed.fire();
      return;
    }
    const missed = [...this.heard];
    const since = this.awaySince;
    this.awaySince = undefined;
    this.changed.fire();
    void this.askBehind(missed, since);
    const { held } = this;
    if (held !== undefined) this.begin(held);
  }

  /**
   * Asks the kernel something, which it answers when it is done with all that was sent before. What was sent before and has still not been
   * heard of was answered while nobody listened.
   */
  private async askBehind(messageIds: readonly string[], awaySince?: number): Promise<void> {
    if (messageIds.length === 0) return;
    const { kernel, logger, missedNote } = this.options;
    const { round } = this;
    try {
      await kernel.connection.requestKernelInfo();
    } catch (error) {
      logger.debug(`asking the kernel where it stands: ${toError(error).message}`);
      return;
    }
    if (round !== this.round) return;
    for (const id of messageIds) {
      const run = this.runs.get(id);
      if (run === undefined || run.hasEnded) continue;
      const note = run.startedAt === undefined ? notReachedNote() : missedNote(awaySince);
      run.endEarly({ isError: false, note });
    }
  }
}
