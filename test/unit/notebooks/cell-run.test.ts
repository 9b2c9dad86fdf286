import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CellRun, type CellRunResult } from '../../../src/extension/notebooks/cell-run';
import type { CellMessage } from '../../../src/extension/notebooks/outputs/cell-message';
import { FakeCell, FakeClock, settle } from './fake-cell';

const busy: CellMessage = { kind: 'status', state: 'busy' };
const idle: CellMessage = { kind: 'status', state: 'idle' };
const out = (text: string): CellMessage => ({ kind: 'stream', name: 'stdout', text });
const reply = (status: 'ok' | 'error' | 'aborted' = 'ok'): CellMessage => ({
  kind: 'reply',
  status,
  executionCount: status === 'aborted' ? undefined : 9,
  payloads: [],
  errorName: undefined,
  errorValue: undefined,
});

function begin(resumedFrom?: number): {
  run: CellRun;
  cell: FakeCell;
  clock: FakeClock;
  results: CellRunResult[];
} {
  const cell = new FakeCell('cell');
  const clock = new FakeClock();
  const results: CellRunResult[] = [];
  const run = new CellRun({
    surface: cell,
    messageId: 'm',
    clock,
    ...(resumedFrom === undefined ? {} : { resumedFrom }),
    onEnd: (result) => results.push(result),
  });
  return { run, cell, clock, results };
}

describe('the run of a cell', () => {
  test('begins when the kernel begins with it, by this machine’s clock, and empties the cell', async () => {
    const { run, cell, clock } = begin();
    cell.outputs = [{ key: 'old', items: [], metadata: { outputType: 'stream' } }];
    await clock.pass(500);
    assert.deepEqual(cell.log, []);
    run.receive(busy);
    run.receive({ kind: 'execute-input', executionCount: 3 });
    await settle();
    assert.deepEqual([cell.log, cell.order, cell.outputs.length], [['start 1500'], 3, 0]);
  });

  test('ends when reply and idle have both come, in either order', async () => {
    for (const order of [
      [reply(), idle],
      [idle, reply()],
    ]) {
      const { run, cell, results } = begin();
      run.receive(busy);
      const [first, second] = order;
      run.receive(first as CellMessage);
      await settle();
      assert.ok(!cell.log.includes('end true'));
      run.receive(second as CellMessage);
      await settle();
      assert.deepEqual([cell.result?.isSuccess, results], [true, ['ok']]);
    }
  });

  for (const [status, isSuccess, result] of [
    ['ok', true, 'ok'],
    ['error', false, 'error'],
    ['aborted', undefined, 'error'],
  ] as const) {
    test(`with a reply of ${status} ends as ${String(isSuccess)}`, async () => {
      const { run, cell, results } = begin();
      run.receive(reply(status));
      run.receive(idle);
      await settle();
      assert.deepEqual([cell.result?.isSuccess, results], [isSuccess, [result]]);
      assert.equal(cell.log.includes('start 1000'), status !== 'aborted');
    });
  }

  test('shows all output before it ends', async () => {
    const { run, cell } = begin();
    run.receive(busy);
    run.receive(out('a'));
    run.receive(out('b'));
    run.receive(reply());
    run.receive(idle);
    await settle();
    assert.deepEqual([cell.texts, cell.log.at(-1)], [['ab'], 'end true']);
  });

  test('gathers what comes within a moment into one change', async () => {
    const { run, cell, clock } = begin();
    run.receive(busy);
    await settle();
    const before = cell.applied;
    for (let count = 0; count < 100; count += 1) run.receive(out(`${count} `));
    assert.equal(cell.applied, before);
    await clock.pass(100);
    assert.equal(cell.applied, before + 1);
    assert.equal(cell.outputs.length, 1);
  });

  test('hands a slow editor nothing more until it has taken what it has', async () => {
    const { run, cell, clock } = begin();
    run.receive(busy);
    await settle();
    let open: () => void = () => undefined;
    cell.gate = new Promise((resolve) => (open = resolve));
    run.receive(out('a'));
    await clock.pass(100);
    run.receive(out('b'));
    await clock.pass(1000);
    run.receive(out('c'));
    await clock.pass(1000);
    assert.equal(cell.applied, 1);
    open();
    await settle();
    await clock.pass(1000);
    assert.deepEqual([cell.applied, cell.texts], [3, ['abc']]);
  });

  test('takes output that comes after its end', async () => {
    const { run, cell, clock } = begin();
    run.receive(busy);
    run.receive(reply());
    run.receive(idle);
    await settle();
    run.receive(out('late'));
    await clock.pass(100);
    assert.deepEqual([cell.texts, cell.log.filter((line) => line.startsWith('end')).length], [['late'], 1]);
  });

  test('ended from outside says why in the output, once, and ignores a reply that comes all the same', async () => {
    const { run, cell, results } = begin();
    run.receive(busy);
    run.endEarly({ isError: true, text: 'The kernel ended.\n' });
    run.endEarly({ isError: false });
    run.receive(reply());
    run.receive(idle);
    await settle();
    assert.deepEqual(
      [cell.texts, cell.result?.isSuccess, results],
      [['The kernel ended.\n'], false, ['error']],
    );
  });

  test('ended with a note leaves the output as it is and is neither success nor failure', async () => {
    const { run, cell } = begin();
    run.receive(busy);
    run.receive(out('a'));
    run.endEarly({ isError: false, note: 'Output may be missing' });
    await settle();
    assert.deepEqual(
      [cell.texts, cell.notes, cell.result?.isSuccess],
      [['a'], ['Output may be missing'], undefined],
    );
  });

  test('that goes on after a reload keeps the outputs and the time at which it began', async () => {
    const { run, cell, clock } = begin(400);
    cell.outputs = [
      { key: 'old', items: [{ mime: 'text/plain', data: 'before' }], metadata: { outputType: 'stream' } },
    ];
    assert.deepEqual(cell.log, []);
    run.receive(out('after'));
    await clock.pass(100);
    assert.deepEqual([cell.log, cell.texts], [['start 400'], ['before', 'after']]);
  });

  test('of before a reload that nothing is heard of leaves its cell alone', async () => {
    const { run, cell } = begin(400);
    run.endEarly({ isError: false, note: 'Output may be missing' });
    await settle();
    assert.deepEqual([cell.notes, cell.outputs, cell.log.includes('start 400')], [[], [], false]);
  });
});
