import type { CellMessage, MimeBundle } from './cell-message';
import type { OutputOperation, PlainOutput } from './cell-output';
import { toErrorOutput, toOutput, withBundle } from './plain-outputs';
import { beginStream, writeStream, type StreamName, type StreamRecord } from './stream-record';

interface OtherRecord {
  readonly kind: 'other';
  readonly key: string;
  readonly displayId: string | undefined;
  output: PlainOutput;
}

/** An output that this run has made. */
type OutputRecord = StreamRecord | OtherRecord;

/** What is waiting to become operations: finished ones, and the place in the order where a stream's text goes. */
type Pending =
  | { readonly kind: 'operation'; operation: OutputOperation }
  | { readonly kind: 'stream'; readonly record: StreamRecord; isReplacingAll: boolean };

/**
 * Turns the messages of one run of a cell into operations on its outputs. It holds back what arrives until {@link take}, so that a thousand
 * small messages become one operation; nothing is dropped and nothing changes places, except what a later message made invisible.
 */
export class CellOutputs {
  private records: OutputRecord[] = [];
  private pending: Pending[] = [];
  private isClearWaiting = false;
  private nextKey = 1;

  /** `prefix` makes the keys unlike those of other runs. */
  constructor(private readonly prefix: string) {}

  /** Whether {@link take} would give anything. */
  get hasPending(): boolean {
    return this.pending.length > 0;
  }

  /** Takes a message in. Messages that are not about outputs change nothing. */
  handle(message: CellMessage): void {
    switch (message.kind) {
      case 'stream':
        if (message.text !== '') this.addStream(message.name, message.text);
        return;
      case 'display':
        this.addDisplay(
          toOutput(this.key(), message.bundle, 'display_data', message.displayId),
          message.bundle,
          message.displayId,
        );
        return;
      case 'result':
        this.addDisplay(
          toOutput(this.key(), message.bundle, 'execute_result', message.displayId, message.executionCount),
          message.bundle,
          message.displayId,
        );
        return;
      case 'update-display':
        this.update(message.displayId, message.bundle);
        return;
      case 'clear-output':
        if (message.isWaiting) this.isClearWaiting = true;
        else this.clear();
        return;
      case 'error':
        this.add(toErrorOutput(this.key(), message), undefined);
        return;
      case 'reply':
        for (const payload of message.payloads) {
          if (payload.kind === 'page')
            this.add(
              toOutput(this.key(), { data: payload.data, metadata: {} }, 'display_data', undefined),
              undefined,
            );
        }
        return;
      case 'status':
      case 'execute-input':
      case 'input-request':
      case 'ignored':
        return;
    }
  }

  /** Adds text of our own as if the kernel had written it to standard error; for notes that belong to the output. */
  addNote(text: string): void {
    this.addStream('stderr', text);
  }

  /**
   * The outputs that were shown are gone, because the person removed them: what comes next begins an output of its own. Text that is
   * waiting is kept, text that was shown is not shown again.
   */
  breakStreams(): void {
    const waiting = this.pending;
    this.records = [];
    this.pending = [];
    for (const entry of waiting) {
      if (entry.kind === 'stream') this.addStream(entry.record.name, entry.record.unwritten.join(''));
      else this.keep(entry.operation);
    }
  }

  /** The operations since the last call, in order. */
  take(): OutputOperation[] {
    const operations: OutputOperation[] = [];
    for (const entry of this.pending) {
      if (entry.kind === 'operation') operations.push(entry.operation);
      else operations.push(...writeStream(entry.record, entry.isReplacingAll));
    }
    this.pending = [];
    return operations;
  }

  private keep(operation: OutputOperation): void {
    if (operation.kind === 'append' || operation.kind === 'replace-all') {
      const displayId = operation.output.metadata.transient?.display_id;
      this.records.push({ kind: 'other', key: operation.output.key, displayId, output: operation.output });
    }
    if (operation.kind !== 'rewrite') this.pending.push({ kind: 'operation', operation });
  }

  private key(): string {
    const key = `${this.prefix}.${this.nextKey}`;
    this.nextKey += 1;
    return key;
  }

  private addStream(name: StreamName, text: string): void {
    const last = this.records.at(-1);
    if (!this.isClearWaiting && last?.kind === 'stream' && last.name === name) {
      last.unwritten.push(text);
      const lastPending = this.pending.at(-1);
      const isNext = lastPending?.kind === 'stream' && lastPending.record === last;
      if (!isNext) this.pending.push({ kind: 'stream', record: last, isReplacingAll: false });
      return;
    }
    const isReplacingAll = this.beginOutput();
    const record = beginStream(this.key(), name, text);
    this.records.push(record);
    this.pending.push({ kind: 'stream', record, isReplacingAll });
  }

  /** A display with an id that is shown already is an update of what is shown, and another display. */
  private addDisplay(output: PlainOutput, bundle: MimeBundle, displayId: string | undefined): void {
    if (displayId !== undefined) this.update(displayId, bundle);
    this.add(output, displayId);
  }

  private add(output: PlainOutput, displayId: string | undefined): void {
    const kind = this.beginOutput() ? 'replace-all' : 'append';
    this.records.push({ kind: 'other', key: output.key, displayId, output });
    this.pending.push({ kind: 'operation', operation: { kind, output } });
  }

  /** Makes way for an output; says whether it takes the place of all that were there. */
  private beginOutput(): boolean {
    if (!this.isClearWaiting) return false;
    this.isClearWaiting = false;
    this.dropOwnPending();
    this.records = [];
    return true;
  }

  private clear(): void {
    this.isClearWaiting = false;
    this.dropOwnPending();
    this.records = [];
    this.pending.push({ kind: 'operation', operation: { kind: 'clear' } });
  }

  /** What would be shown for no time at all is not shown; changes to other cells stay. */
  private dropOwnPending(): void {
    this.pending = this.pending.filter(
      (entry) => entry.kind === 'operation' && entry.operation.kind === 'update-display',
    );
  }

  private update(displayId: string, bundle: MimeBundle): void {
    for (const record of this.records) {
      if (record.kind === 'other' && record.displayId === displayId) this.rewrite(record, bundle);
    }
    const output = toOutput('', bundle, 'display_data', displayId);
    this.pending = this.pending.filter(
      (entry) =>
        entry.kind !== 'operation' ||
        entry.operation.kind !== 'update-display' ||
        entry.operation.displayId !== displayId,
    );
    this.pending.push({ kind: 'operation', operation: { kind: 'update-display', displayId, output } });
  }

  private rewrite(record: OtherRecord, bundle: MimeBundle): void {
    const output = withBundle(record.output, bundle);
    const isMetadataChanged = JSON.stringify(record.output.metadata) !== JSON.stringify(output.metadata);
    record.output = output;
    const waiting = this.pending.find((entry) => operationOutputKey(entry) === record.key);
    if (waiting?.kind !== 'operation') {
      this.pending.push({ kind: 'operation', operation: { kind: 'rewrite', output, isMetadataChanged } });
    } else if (waiting.operation.kind === 'rewrite') {
      waiting.operation = {
        kind: 'rewrite',
        output,
        isMetadataChanged: isMetadataChanged || waiting.operation.isMetadataChanged,
      };
    } else if (waiting.operation.kind === 'append' || waiting.operation.kind === 'replace-all') {
      waiting.operation = { kind: waiting.operation.kind, output };
    }
  }
}

function operationOutputKey(entry: Pending): string | undefined {
  if (entry.kind !== 'operation') return undefined;
  const { operation } = entry;
  const isOwn =
    operation.kind === 'append' || operation.kind === 'replace-all' || operation.kind === 'rewrite';
  return isOwn ? operation.output.key : undefined;
}
