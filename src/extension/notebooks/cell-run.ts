import type { Clock } from '../../base/time';
import type { CellSurface } from './cell-surface';
import type { CellMessage } from './outputs/cell-message';
import type { OutputOperation } from './outputs/cell-output';
import { CellOutputs } from './outputs/cell-outputs';

/** How a run ended, for the queue. */
export type CellRunResult = 'ok' | 'error' | 'unknown';

/** How long messages are gathered before they are shown. */
const gatherMs = 60;

/** Operations are not made faster than the editor can copy them around: this many characters take a second. */
const charactersPerSecond = 20_000_000;

/** What a run is made of. */
export interface CellRunOptions {
  readonly surface: CellSurface;
  /** The id of the `execute_request`. */
  readonly messageId: string;
  readonly clock: Clock;
  /**
   * Set for a request that was sent before the window was loaded: when it began, in milliseconds since the epoch. Its cell keeps the outputs
   * it has, and is not shown as running before something is heard of it.
   */
  readonly resumedFrom?: number;
  /** Called once, after the last output was taken by the editor and the cell has ended. */
  readonly onEnd: (result: CellRunResult) => void;
}

/**
 * One run of one cell: takes the messages about its request in and shows them, in order, gathered. The run is done when both the reply and
 * the kernel's idle have come; what comes later still lands in the cell.
 */
export class CellRun {
  readonly messageId: string;
  /** When the kernel began with it, by this machine's clock; `undefined` until then. */
  startedAt: number | undefined;
  private readonly outputs: CellOutputs;
  private reply: Extract<CellMessage, { kind: 'reply' }> | undefined;
  private isIdle = false;
  private isEnding = false;
  private hasEndedNow = false;
  private cancelTimer: (() => void) | undefined;
  private shown: Promise<void> = Promise.resolve();
  private isShowing = false;

  constructor(private readonly options: CellRunOptions) {
    this.messageId = options.messageId;
    this.outputs = new CellOutputs(options.messageId);
  }

  /** The cell it runs in. */
  get surface(): CellSurface {
    return this.options.surface;
  }

  /** Whether the cell has ended, or is about to once its last output is shown. */
  get hasEnded(): boolean {
    return this.isEnding;
  }

  /** Shows the cell as running although nothing was heard of it since the window was loaded: the kernel is known to be busy with it. */
  showAsRunning(): void {
    this.acknowledge();
  }

  /** Takes a message whose parent is this run's request. */
  receive(message: CellMessage): void {
    switch (message.kind) {
      case 'status':
        if (message.state === 'busy') this.acknowledge();
        if (message.state === 'idle') {
          this.isIdle = true;
          this.endIfDone();
        }
        return;
      case 'execute-input':
        this.acknowledge();
        this.setOrder(message.executionCount);
        return;
      case 'reply':
        this.reply = message;
        if (message.status !== 'aborted') {
          this.acknowledge();
          this.setOrder(message.executionCount);
        }
        this.take(message);
        this.endIfDone();
        return;
      case 'ignored':
      case 'input-request':
        return;
      default:
        this.acknowledge();
        this.take(message);
    }
  }

  /** Ends the cell although the kernel did not say so. `text` is added to the output, `note` shown below the cell. */
  endEarly(options: { readonly isError: boolean; readonly text?: string; readonly note?: string }): void {
    if (this.isEnding) return;
    if (options.text !== undefined) {
      this.acknowledge();
      this.outputs.addNote(options.text);
    }
    const isSeen = this.startedAt !== undefined || this.options.resumedFrom === undefined;
    if (options.note !== undefined && isSeen) this.surface.note(options.note);
    this.end(options.isError ? 'error' : 'unknown', options.isError ? false : undefined);
  }

  private acknowledge(): void {
    if (this.startedAt !== undefined || this.isEnding) return;
    const { resumedFrom } = this.options;
    this.startedAt = resumedFrom ?? this.options.clock.now();
    this.surface.start(this.startedAt);
    if (resumedFrom === undefined) this.show([{ kind: 'clear' }]);
  }

  private setOrder(order: number | undefined): void {
    if (order !== undefined && !this.isEnding) this.surface.setExecutionOrder(order);
  }

  private take(message: CellMessage): void {
    this.outputs.handle(message);
    if (this.outputs.hasPending) this.schedule(gatherMs);
  }

  private schedule(timeMs: number): void {
    if (this.isShowing) return;
    this.cancelTimer ??= this.options.clock.schedule(timeMs, () => {
      this.cancelTimer = undefined;
      this.flush();
    });
  }

  /** Shows what was gathered; what comes meanwhile is gathered on, so that a slow editor is never handed more than it takes. */
  private flush(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    if (this.surface.isEmptied && !this.isShowing) this.outputs.breakStreams();
    this.show(this.outputs.take());
  }

  private show(operations: readonly OutputOperation[]): void {
    if (operations.length === 0) return;
    const size = operations.reduce((sum, operation) => sum + sizeOf(operation), 0);
    this.isShowing = true;
    const shown = this.shown.then(() => this.surface.apply(operations));
    this.shown = shown;
    void shown.then(() => {
      if (this.shown !== shown) return;
      this.isShowing = false;
      if (this.outputs.hasPending) this.schedule(Math.max(gatherMs, (size / charactersPerSecond) * 1000));
    });
  }

  private endIfDone(): void {
    if (this.reply === undefined || !this.isIdle || this.isEnding) return;
    const { status } = this.reply;
    if (status === 'ok') this.end('ok', true);
    else if (status === 'error') this.end('error', false);
    // An aborted request was never run: an earlier one of somebody else's failed.
    else this.end('error', undefined);
  }

  private end(result: CellRunResult, isSuccess: boolean | undefined): void {
    this.isEnding = true;
    const at = this.options.clock.now();
    this.flush();
    void this.shown.then(() => {
      if (this.hasEndedNow) return;
      this.hasEndedNow = true;
      this.surface.end(isSuccess, at);
      this.options.onEnd(result);
    });
  }
}

function sizeOf(operation: OutputOperation): number {
  switch (operation.kind) {
    case 'clear':
      return 0;
    case 'extend':
      return operation.item.data.length;
    default:
      return operation.output.items.reduce((sum, item) => sum + item.data.length, 0);
  }
}
