import type { Clock } from '../../../src/base/time';
import type { CellSurface } from '../../../src/extension/notebooks/cell-surface';
import type { OutputOperation, PlainOutput } from '../../../src/extension/notebooks/outputs/cell-output';

/** An output as a document shows it: each item's text or bytes by its MIME type, in order. */
export interface ShownOutput {
  readonly key: string;
  items: { mime: string; data: string | Uint8Array }[];
  metadata: PlainOutput['metadata'];
}

/** What a list of outputs shows after operations: the plain meaning of them, which the editor's side has to have as well. */
export function applyOperations(
  before: readonly ShownOutput[],
  operations: readonly OutputOperation[],
): ShownOutput[] {
  let outputs: ShownOutput[] = before.map((output) => ({ ...output, items: [...output.items] }));
  const shown = (output: PlainOutput): ShownOutput => ({
    key: output.key,
    items: output.items.map((item) => ({ ...item })),
    metadata: output.metadata,
  });
  for (const operation of operations) {
    switch (operation.kind) {
      case 'clear':
        outputs = [];
        break;
      case 'replace-all':
        outputs = [shown(operation.output)];
        break;
      case 'append':
        outputs.push(shown(operation.output));
        break;
      case 'extend': {
        const item = outputs.find(({ key }) => key === operation.key)?.items[0];
        if (item === undefined) throw new Error(`no output ${operation.key} to extend`);
        item.data = `${textOf(item.data)}${textOf(operation.item.data)}`;
        break;
      }
      case 'rewrite': {
        const output = outputs.find(({ key }) => key === operation.output.key);
        if (output === undefined) throw new Error(`no output ${operation.output.key} to rewrite`);
        output.items = shown(operation.output).items;
        if (operation.isMetadataChanged) output.metadata = operation.output.metadata;
        break;
      }
      case 'update-display':
        // Other cells: this list is one cell's.
        break;
    }
  }
  return outputs;
}

/** The text of an item. */
export function textOf(data: string | Uint8Array): string {
  return typeof data === 'string' ? data : Buffer.from(data).toString('utf8');
}

/** A cell that records what happens to it. */
export class FakeCell implements CellSurface {
  outputs: ShownOutput[] = [];
  readonly log: string[] = [];
  readonly notes: string[] = [];
  readonly updates: Extract<OutputOperation, { kind: 'update-display' }>[] = [];
  order: number | undefined;
  isEmptied = false;
  isGone = false;
  result: { readonly isSuccess: boolean | undefined; readonly at: number } | undefined;
  /** What `apply` waits for; a test replaces it to be a slow editor. */
  gate: Promise<void> = Promise.resolve();
  applied = 0;

  constructor(
    readonly key: string,
    public text = '1',
    readonly cellId = key,
  ) {}

  start(at: number): void {
    this.log.push(`start ${at}`);
  }

  setExecutionOrder(order: number): void {
    this.order = order;
  }

  async apply(operations: readonly OutputOperation[]): Promise<void> {
    await this.gate;
    this.applied += 1;
    this.outputs = applyOperations(this.outputs, operations);
    for (const operation of operations) {
      if (operation.kind === 'update-display') this.updates.push(operation);
    }
  }

  end(isSuccess: boolean | undefined, at: number): void {
    this.result = { isSuccess, at };
    this.log.push(`end ${String(isSuccess)}`);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** All text that it shows, output by output. */
  get texts(): string[] {
    return this.outputs.map(({ items }) => textOf(items[0]?.data ?? ''));
  }
}

/** A clock that a test moves. */
export class FakeClock implements Clock {
  private time = 1000;
  private timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  schedule(timeMs: number, callback: () => void): () => void {
    const timer = { at: this.time + timeMs, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass, calls what is due, and lets promises settle. */
  async pass(timeMs: number): Promise<void> {
    this.time += timeMs;
    const due = this.timers.filter(({ at }) => at <= this.time);
    this.timers = this.timers.filter(({ at }) => at > this.time);
    for (const { callback } of due) callback();
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
