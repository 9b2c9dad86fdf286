import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Emitter } from '../../../src/base/event';
import { silentLogger } from '../../../src/base/logger';
import { NotebookExecution, notReachedNote } from '../../../src/extension/notebooks/notebook-execution';
import type { RemoteKernel } from '../../../src/extension/remote/remote-agent';
import { FakeCell, FakeClock, settle } from './fake-cell';

type Listener = (sender: unknown, message: unknown) => void;

/** A kernel that can be lost, hears what is sent while it is open, and says what a test makes it say. */
class FakeKernel {
  isOpen = true;
  readonly sent: string[] = [];
  private readonly opens = new Emitter<boolean>();
  private readonly listeners = new Set<Listener>();
  private readonly misses = new Emitter<void>();
  readonly onDidChangeOpen = this.opens.event;
  readonly onDidMiss = this.misses.event;
  readonly connection = {
    anyMessage: {
      connect: (listener: Listener) => this.listeners.add(listener),
      disconnect: (listener: Listener) => this.listeners.delete(listener),
    },
    requestExecute: ({ code }: { readonly code: string }) => {
      this.sent.push(code);
      return { done: Promise.resolve(), msg: { header: { msg_id: `request ${code}` } } };
    },
    requestKernelInfo: () => Promise.resolve(),
    sendInputReply: () => undefined,
  };

  setOpen(isOpen: boolean): void {
    this.isOpen = isOpen;
    this.opens.fire(isOpen);
  }

  /** The host says that the kernel had no keeper for a while. */
  miss(): void {
    this.misses.fire();
  }

  /** Says something about the request that carried the code. */
  say(code: string, type: string, content: object): void {
    const msg = {
      header: { msg_type: type },
      parent_header: { msg_id: `request ${code}` },
      content,
      metadata: {},
    };
    for (const listener of this.listeners) listener(this, { msg, direction: 'recv' });
  }

  /** Runs the request to its end. */
  finish(code: string): void {
    this.say(code, 'status', { execution_state: 'busy' });
    this.say(code, 'execute_reply', { status: 'ok', execution_count: 1 });
    this.say(code, 'status', { execution_state: 'idle' });
  }
}

function begin(...codes: readonly string[]): {
  kernel: FakeKernel;
  execution: NotebookExecution;
  cells: readonly FakeCell[];
} {
  const kernel = new FakeKernel();
  const execution = new NotebookExecution({
    kernel: kernel as unknown as RemoteKernel,
    clock: new FakeClock(),
    logger: silentLogger,
    askInput: () => Promise.resolve(''),
    setNextInput: () => Promise.resolve(),
    remember: () => undefined,
    onError: () => undefined,
    onRestarting: () => undefined,
    missedNote: () => 'missed',
    gapNote: () => 'no keeper',
  });
  execution.start();
  return { kernel, execution, cells: codes.map((code) => new FakeCell(`cell ${code}`, code)) };
}

const endsOf = (cells: readonly FakeCell[]) => cells.map(({ result }) => result !== undefined);
const notesOf = (cells: readonly FakeCell[]) => cells.map(({ notes }) => notes);

describe('cells on a kernel that is lost and found', () => {
  test('run one after another while nothing is lost', async () => {
    const { kernel, execution, cells } = begin('a', 'b');
    execution.enqueue(cells);
    kernel.finish('a');
    await settle();
    kernel.finish('b');
    await settle();
    assert.deepEqual(
      [kernel.sent, cells.map((cell) => cell.result?.isSuccess)],
      [
        ['a', 'b'],
        [true, true],
      ],
    );
  });

  for (const [what, wasStarted, note] of [
    ['began', true, 'missed'],
    ['was not heard of', false, notReachedNote()],
  ] as const) {
    test(`do not run on after one that ${what} and whose end nobody knows`, async () => {
      const { kernel, execution, cells } = begin('a', 'b');
      execution.enqueue(cells);
      if (wasStarted) kernel.say('a', 'status', { execution_state: 'busy' });
      kernel.setOpen(false);
      kernel.setOpen(true);
      await settle();
      assert.deepEqual([kernel.sent, endsOf(cells), notesOf(cells)], [['a'], [true, true], [[note], []]]);
      assert.ok(!execution.isBusy);
    });
  }

  test('that were run while it was away are sent when it is back', async () => {
    const { kernel, execution, cells } = begin('a', 'b');
    kernel.setOpen(false);
    execution.enqueue(cells);
    assert.deepEqual([kernel.sent, execution.isBusy], [[], true]);
    kernel.setOpen(true);
    await settle();
    assert.deepEqual([kernel.sent, endsOf(cells)], [['a'], [false, false]]);
  });

  for (const how of ['stopWaiting', 'abandon'] as const) {
    test(`that were run while it was away are never sent after ${how}`, async () => {
      const { kernel, execution, cells } = begin('a', 'b');
      kernel.setOpen(false);
      execution.enqueue(cells);
      if (how === 'abandon') execution.abandon({ isError: false });
      else execution.stopWaiting();
      assert.deepEqual([endsOf(cells), execution.isBusy], [[true, true], false]);
      kernel.setOpen(true);
      await settle();
      assert.deepEqual(kernel.sent, []);
    });
  }

  test('that were deleted before their turn are not run', async () => {
    const { kernel, execution, cells } = begin('a', 'b', 'c');
    execution.enqueue(cells);
    const [, deleted] = cells;
    assert.ok(deleted !== undefined);
    deleted.isGone = true;
    kernel.finish('a');
    await settle();
    assert.deepEqual([kernel.sent, deleted.log], [['a', 'c'], ['end undefined']]);
  });
});

describe('cells on a kernel whose keeper died', () => {
  test('say that output may be missing when they ran meanwhile, also if they ended before it was known', async () => {
    const { kernel, execution, cells } = begin('before', 'during', 'after');
    const [before, during, after] = cells;
    assert.ok(before !== undefined && during !== undefined && after !== undefined);
    execution.enqueue([before]);
    kernel.finish('before');
    await settle();
    execution.enqueue([during]);
    kernel.say('during', 'status', { execution_state: 'busy' });
    kernel.setOpen(false);
    kernel.setOpen(true);
    kernel.finish('during');
    await settle();
    execution.enqueue([after]);
    kernel.miss();
    kernel.finish('after');
    await settle();
    assert.deepEqual(notesOf(cells), [[], ['no keeper'], []]);
    assert.deepEqual(
      cells.map((cell) => cell.result?.isSuccess),
      [true, true, true],
    );
  });

  test('that run on say it too, and end by the kernel’s own word', async () => {
    const { kernel, execution, cells } = begin('a');
    execution.enqueue(cells);
    kernel.say('a', 'status', { execution_state: 'busy' });
    kernel.miss();
    kernel.finish('a');
    await settle();
    assert.deepEqual([notesOf(cells), cells[0]?.result?.isSuccess], [[['no keeper']], true]);
  });
});
