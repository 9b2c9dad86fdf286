import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CellMessage } from '../../../src/extension/notebooks/outputs/cell-message';
import type { OutputOperation } from '../../../src/extension/notebooks/outputs/cell-output';
import { CellOutputs } from '../../../src/extension/notebooks/outputs/cell-outputs';
import { applyOperations, textOf, type ShownOutput } from './fake-cell';

const out = (text: string): CellMessage => ({ kind: 'stream', name: 'stdout', text });
const err = (text: string): CellMessage => ({ kind: 'stream', name: 'stderr', text });
const display = (text: string, displayId?: string, metadata = {}): CellMessage => ({
  kind: 'display',
  bundle: { data: { 'text/plain': text }, metadata },
  displayId,
});
const update = (text: string, displayId: string, metadata = {}): CellMessage => ({
  kind: 'update-display',
  bundle: { data: { 'text/plain': text }, metadata },
  displayId,
});
const clear = (isWaiting: boolean): CellMessage => ({ kind: 'clear-output', isWaiting });

/** Each inner list arrives between two looks at what is to be shown. */
function follow(batches: readonly (readonly CellMessage[])[]): {
  shown: ShownOutput[];
  operations: OutputOperation[][];
} {
  const outputs = new CellOutputs('t');
  const operations: OutputOperation[][] = [];
  let shown: ShownOutput[] = [];
  for (const batch of batches) {
    for (const message of batch) outputs.handle(message);
    const step = outputs.take();
    operations.push(step);
    shown = applyOperations(shown, step);
  }
  return { shown, operations };
}

/** `stdout:text`, the short form of an output. */
function brief({ items, metadata }: ShownOutput): string {
  const [item] = items;
  const kind = item?.mime.startsWith('application/vnd.code.notebook.')
    ? (item.mime.split('.').at(-1) ?? '')
    : metadata.outputType;
  return `${kind}:${textOf(item?.data ?? '')}`;
}

const cases: readonly [what: string, messages: readonly CellMessage[], expected: readonly string[]][] = [
  ['text of one stream is one output', [out('a'), out('b')], ['stdout:ab']],
  ['streams keep their order', [out('a'), err('b'), out('c')], ['stdout:a', 'stderr:b', 'stdout:c']],
  [
    'another output breaks the stream',
    [out('a'), display('d'), out('b')],
    ['stdout:a', 'display_data:d', 'stdout:b'],
  ],
  ['a progress bar overwrites itself', [out('1%\r'), out('2%\r'), out('3%')], ['stdout:3%']],
  ['empty text is nothing', [out('')], []],
  ['clearing at once', [out('a'), clear(false)], []],
  ['clearing at once, then more', [out('a'), clear(false), out('b')], ['stdout:b']],
  ['clearing that waits for something that never comes', [out('a'), clear(true)], ['stdout:a']],
  ['clearing that waits', [out('a'), clear(true), out('b')], ['stdout:b']],
  [
    'clearing that waits, then a display',
    [out('a'), clear(true), display('b'), out('c')],
    ['display_data:b', 'stdout:c'],
  ],
  ['clearing twice while waiting', [out('a'), clear(true), clear(true), out('b')], ['stdout:b']],
  ['clearing that waits, then at once', [out('a'), clear(true), clear(false)], []],
  [
    'an animation of plots',
    [display('1'), clear(true), display('2'), clear(true), display('3')],
    ['display_data:3'],
  ],
  ['a display and its update', [display('a', 'x'), update('b', 'x')], ['display_data:b']],
  [
    'two displays of one id are both updated',
    [display('a', 'x'), out('-'), display('b', 'x'), update('c', 'x')],
    ['display_data:c', 'stdout:-', 'display_data:c'],
  ],
  [
    'a display of an id that is shown already',
    [display('a', 'x'), display('b', 'x')],
    ['display_data:b', 'display_data:b'],
  ],
  ['an update of another display', [display('a', 'x'), update('b', 'y')], ['display_data:a']],
  ['an update of a display that was cleared', [display('a', 'x'), clear(false), update('b', 'x')], []],
  [
    'a pager',
    [
      {
        kind: 'reply',
        status: 'ok',
        executionCount: 1,
        payloads: [{ kind: 'page', data: { 'text/plain': 'help' } }],
        errorName: undefined,
        errorValue: undefined,
      },
    ],
    ['display_data:help'],
  ],
  [
    'what is not about outputs',
    [
      { kind: 'status', state: 'busy' },
      { kind: 'ignored' },
      { kind: 'execute-input', executionCount: 1 },
      { kind: 'input-request', prompt: '', isPassword: false },
    ],
    [],
  ],
];

describe('the outputs of a cell', () => {
  for (const [what, messages, expected] of cases) {
    test(`are shown: ${what}`, () => {
      assert.deepEqual(follow([messages]).shown.map(brief), expected);
    });
    test(`are shown the same when every message is shown before the next: ${what}`, () => {
      assert.deepEqual(follow(messages.map((message) => [message])).shown.map(brief), expected);
    });
  }

  test('are gathered: a thousand messages become one operation', () => {
    const messages = Array.from({ length: 1000 }, (_, index) => out(`${index}\n`));
    const { operations } = follow([messages]);
    assert.deepEqual(
      operations.map((step) => step.length),
      [1],
    );
  });

  test('only grow by what came since: shown text is not sent again', () => {
    const { operations } = follow([[out('first\n')], [out('second\n')]]);
    assert.deepEqual(operations[1], [
      {
        kind: 'extend',
        key: 't.1',
        item: { mime: 'application/vnd.code.notebook.stdout', data: 'second\n' },
      },
    ]);
  });

  test('of an animation are replaced in one step, so that nothing flickers', () => {
    const { operations } = follow([[display('1')], [clear(true), display('2')]]);
    assert.deepEqual(
      operations[1]?.map(({ kind }) => kind),
      ['replace-all'],
    );
  });

  test('that nobody would see are not shown', () => {
    const { operations } = follow([[display('1'), out('x'), clear(false), out('2')]]);
    assert.deepEqual(
      operations[0]?.map(({ kind }) => kind),
      ['clear', 'append'],
    );
  });

  test('have bounded pieces: 64 MiB come as pieces of 2 MiB and lose no character', () => {
    const text = `${'é😀x'.repeat(1024)}\n`.repeat(4096);
    const { operations, shown } = follow([[out(text)]]);
    const largest = Math.max(
      ...(operations[0] ?? []).map((operation) =>
        operation.kind === 'extend' ? operation.item.data.length : 0,
      ),
    );
    assert.ok((operations[0]?.length ?? 0) > 5);
    assert.ok(largest <= 2 * 1024 * 1024, String(largest));
    assert.ok(brief(shown[0] as ShownOutput) === `stdout:${text}`);
  });

  test('of a result carry its count and type, and an id of display for later', () => {
    const { shown } = follow([
      [
        {
          kind: 'result',
          bundle: { data: { 'text/plain': '1' }, metadata: { 'text/plain': { a: 1 } } },
          displayId: 'x',
          executionCount: 5,
        },
      ],
    ]);
    assert.deepEqual(shown[0]?.metadata, {
      outputType: 'execute_result',
      executionCount: 5,
      metadata: { 'text/plain': { a: 1 } },
      transient: { display_id: 'x' },
    });
  });

  test('of an error carry what the file says of it, exactly', () => {
    const { shown } = follow([
      [{ kind: 'error', name: 'ValueError', value: 'no', traceback: ['\u001b[31mline\u001b[0m', 'end'] }],
    ]);
    assert.deepEqual(JSON.parse(textOf(shown[0]?.items[0]?.data ?? '')), {
      name: 'ValueError',
      message: 'no',
      stack: '\u001b[31mline\u001b[0m\nend',
    });
    assert.deepEqual(shown[0]?.metadata, {
      outputType: 'error',
      originalError: {
        output_type: 'error',
        ename: 'ValueError',
        evalue: 'no',
        traceback: ['\u001b[31mline\u001b[0m', 'end'],
      },
    });
  });

  test('say when an update changes metadata, since the editor can do that only in another way', () => {
    const same = follow([[display('a', 'x', { w: 1 })], [update('b', 'x', { w: 1 })]]).operations[1];
    const other = follow([[display('a', 'x', { w: 1 })], [update('b', 'x', { w: 2 })]]).operations[1];
    const flags = [same, other].map((step) =>
      step?.map((operation) => (operation.kind === 'rewrite' ? operation.isMetadataChanged : operation.kind)),
    );
    assert.deepEqual(flags, [
      [false, 'update-display'],
      [true, 'update-display'],
    ]);
  });

  test('of other cells get only the last of several updates', () => {
    const { operations } = follow([[update('1', 'x'), update('2', 'x'), update('3', 'y')]]);
    const updates = operations[0]?.map((operation) =>
      operation.kind === 'update-display' ? [operation.displayId, operation.output.items[0]?.data] : [],
    );
    assert.deepEqual(updates, [
      ['x', '2'],
      ['y', '3'],
    ]);
  });

  test('begin anew when the person removed them, and repeat nothing', () => {
    const outputs = new CellOutputs('t');
    outputs.handle(out('before\n'));
    outputs.take();
    outputs.handle(out('after\n'));
    outputs.breakStreams();
    const shown = applyOperations([], outputs.take());
    assert.deepEqual(shown.map(brief), ['stdout:after\n']);
  });
});
