import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import type { Host } from '../../../src/extension/hosts/host';
import type { PrivateSystem } from '../../support/private-system';
import type { FakeCell } from '../../unit/notebooks/fake-cell';
import { NotebookUnderTest } from '../notebooks/notebook-under-test';
import { patienceMs } from './many-users-stage';

/** Of so many lines on standard output one is followed by a line on standard error and a change of the display. */
export const linesBetween = 10;

/**
 * Counts aloud until the file is there: every number on standard output, some on standard error and in a display that changes. Then writes down
 * how far it came.
 */
function countingCode(stopFile: string, countFile: string): string {
  return `import os, sys, time
from IPython.display import display
shown = display({"text/plain": "display 0"}, raw=True, display_id="counter")
count = 0
while not os.path.exists(${JSON.stringify(stopFile)}):
    count += 1
    print(f"out {count}", flush=True)
    if count % ${linesBetween} == 0:
        print(f"err {count}", file=sys.stderr, flush=True)
        shown.update({"text/plain": f"display {count}"}, raw=True)
    time.sleep(0.002)
print("end", flush=True)
open(${JSON.stringify(countFile)}, "w").write(str(count))`;
}

/** What came of a cell that counts. */
export interface Counted {
  /** How far the kernel says that it came. */
  readonly count: number;
  /** The numbers as they arrived. */
  readonly out: readonly number[];
  readonly err: readonly number[];
  readonly displays: readonly number[];
}

/** A cell that counts in a notebook of the window, and everything of it that arrives. */
export class CountingCell {
  readonly cell: FakeCell;
  readonly notebook: NotebookUnderTest;
  private readonly texts = { stdout: '', stderr: '' };
  private readonly displays: number[] = [];
  /** How often the kernel could be heard no longer. */
  losses = 0;

  constructor(
    t: TestContext,
    private readonly system: PrivateSystem,
    host: Host,
    kernelId: string,
    private readonly name: string,
  ) {
    this.notebook = new NotebookUnderTest(t, { client: host.agent }, kernelId);
    const { connection, onDidChangeOpen } = this.notebook.kernel;
    onDidChangeOpen((isOpen) => {
      if (!isOpen) this.losses += 1;
    });
    const onMessage = (_sender: unknown, { msg, direction }: Kernel.IAnyMessageArgs) => {
      if (direction === 'recv') this.take(msg);
    };
    connection.anyMessage.connect(onMessage);
    const [cell] = this.notebook.enqueue(countingCode(this.stopFile, this.countFile));
    if (cell === undefined) throw new Error('no cell');
    this.cell = cell;
  }

  /** How far it was heard to count. */
  get heard(): number {
    return Number(/(?:^|\n)out (\d+)\n(?:end\n)?$/.exec(this.texts.stdout)?.[1] ?? 0);
  }

  /** Waits until it has been heard to count that much further than now. */
  async goesOn(lines = 50): Promise<void> {
    const target = this.heard + lines;
    await until(
      () => (this.heard >= target ? true : undefined),
      withDeadline(patienceMs, `line ${target}; the last one was ${this.heard}`),
    );
  }

  /** Lets it end, and waits until the cell has. */
  async finish(): Promise<Counted> {
    await this.system.write(this.stopFile, '');
    await until(
      () => (this.cell.result === undefined ? undefined : true),
      withDeadline(patienceMs, 'the end of the cell'),
    );
    const numbers = (text: string, word: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`${word} `))
        .map((line) => Number(line.slice(word.length + 1)));
    return {
      count: Number(await this.system.expect('cat', [this.countFile])),
      out: numbers(this.texts.stdout, 'out'),
      err: numbers(this.texts.stderr, 'err'),
      displays: this.displays,
    };
  }

  private get stopFile(): string {
    return `/home/ada/${this.name}.stop`;
  }

  private get countFile(): string {
    return `/home/ada/${this.name}.count`;
  }

  private take(message: KernelMessage.IMessage): void {
    const { msg_type: type } = message.header;
    if (type === 'stream') {
      const { name, text } = (message as KernelMessage.IStreamMsg).content;
      this.texts[name] += text;
    }
    if (type === 'update_display_data') {
      const { 'text/plain': text } = (message as KernelMessage.IUpdateDisplayDataMsg).content.data;
      this.displays.push(Number(typeof text === 'string' ? text.replace('display ', '') : NaN));
    }
  }
}

/** The numbers from `step` to `count` in steps. */
export function everyNumber(count: number, step = 1): number[] {
  return Array.from({ length: Math.floor(count / step) }, (_, index) => (index + 1) * step);
}

/** What is wrong with numbers that should be all of them once and in order, in few words; empty when nothing is. */
export function faultsOf(numbers: readonly number[], expected: readonly number[]): string {
  const seen = new Set(numbers);
  const missing = expected.filter((number) => !seen.has(number));
  const doubled = numbers.length - seen.size;
  const isOrdered = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
  const parts = [
    ...(missing.length === 0 ? [] : [`missing ${missing.length} (${missing.slice(0, 20).join(' ')})`]),
    ...(doubled === 0 ? [] : [`doubled ${doubled}`]),
    ...(isOrdered || doubled > 0 ? [] : ['out of order']),
    ...(numbers.some((number) => !expected.includes(number)) ? ['unknown numbers'] : []),
  ];
  return parts.join(', ');
}
