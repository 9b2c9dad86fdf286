import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  emptyCellQueue,
  stepCellQueue,
  type CellQueue,
  type CellQueueEvent,
} from '../../../src/extension/notebooks/cell-queue';

const queue = (running: string | undefined, ...waiting: string[]): CellQueue => ({ running, waiting });

const cases: readonly [
  what: string,
  before: CellQueue,
  event: CellQueueEvent,
  after: CellQueue,
  begin: string | undefined,
  dropped: readonly string[],
][] = [
  [
    'the first cell begins at once',
    emptyCellQueue,
    { kind: 'added', keys: ['a', 'b'] },
    queue('a', 'b'),
    'a',
    [],
  ],
  ['others wait', queue('a'), { kind: 'added', keys: ['b'] }, queue('a', 'b'), undefined, []],
  [
    'a cell is in the queue once',
    queue('a', 'b'),
    { kind: 'added', keys: ['a', 'b', 'c', 'c'] },
    queue('a', 'b', 'c'),
    undefined,
    [],
  ],
  [
    'adding nothing changes nothing',
    emptyCellQueue,
    { kind: 'added', keys: [] },
    emptyCellQueue,
    undefined,
    [],
  ],
  [
    'the next begins',
    queue('a', 'b', 'c'),
    { kind: 'ended', key: 'a', isError: false },
    queue('b', 'c'),
    'b',
    [],
  ],
  [
    'the last leaves the queue empty',
    queue('a'),
    { kind: 'ended', key: 'a', isError: false },
    emptyCellQueue,
    undefined,
    [],
  ],
  [
    'an error stops the rest',
    queue('a', 'b', 'c'),
    { kind: 'ended', key: 'a', isError: true },
    emptyCellQueue,
    undefined,
    ['b', 'c'],
  ],
  [
    'the end of another cell is nothing',
    queue('a', 'b'),
    { kind: 'ended', key: 'x', isError: true },
    queue('a', 'b'),
    undefined,
    [],
  ],
  ['stopping lets the running cell run', queue('a', 'b'), { kind: 'stopped' }, queue('a'), undefined, ['b']],
  [
    'a kernel that is gone ends all',
    queue('a', 'b'),
    { kind: 'abandoned' },
    emptyCellQueue,
    undefined,
    ['b'],
  ],
];

describe('the queue of cells', () => {
  for (const [what, before, event, after, begin, dropped] of cases) {
    test(what, () => {
      assert.deepEqual(stepCellQueue(before, event), { queue: after, begin, dropped });
    });
  }
});
