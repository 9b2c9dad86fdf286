import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cellLines, missingRenderers, type CellSituation } from '../../../src/extension/notebooks/cell-lines';

const quiet: CellSituation = {
  hostName: 'lab-7',
  runningSince: undefined,
  reach: 'open',
  note: undefined,
  outputMimes: [['text/plain']],
  rendered: new Set(),
};
const lines = (more: Partial<CellSituation>) =>
  cellLines({ ...quiet, ...more }, (at) => `10:${at}`).map(({ text }) => text);

describe('the lines below a cell', () => {
  test('are none while nothing is to be said', () => {
    assert.deepEqual([lines({}), lines({ reach: 'coming-back' }), lines({ runningSince: 41 })], [[], [], []]);
  });

  test('say that a running cell’s host is away, and since when it runs there', () => {
    const reaches = ['coming-back', 'left', 'of-another'] as const;
    assert.deepEqual(
      reaches.flatMap((reach) => lines({ reach, runningSince: 41 })),
      [
        'reconnecting to lab-7, running there since 10:41',
        'not connected to lab-7, running there since 10:41',
        'running on lab-7 since 10:41 for another user',
      ],
    );
  });

  test('say what was noted of the cell', () => {
    assert.deepEqual(lines({ note: 'Output may be missing' }), ['Output may be missing']);
  });
});

describe('outputs that cannot be shown', () => {
  const widget = 'application/vnd.jupyter.widget-view+json';
  const plotly = 'application/vnd.plotly.v1+json';
  for (const [outputs, rendered, expected] of [
    [[], [], undefined],
    [[['text/plain'], ['image/png', 'text/plain']], [], undefined],
    [
      [[widget, 'text/plain']],
      [],
      'An interactive widget (ipywidgets) cannot be shown here; its text is shown instead',
    ],
    [[[widget]], [], 'An interactive widget (ipywidgets) cannot be shown here'],
    [[[plotly, 'text/plain']], [], `No renderer for ${plotly} is installed; its text is shown instead`],
    [[[plotly, 'text/html', 'text/plain']], [], undefined],
    [[[plotly, 'text/plain']], [plotly], undefined],
    [[['text/plain'], ['application/x-strange']], [], 'No renderer for application/x-strange is installed'],
  ] as const) {
    test(`${JSON.stringify(outputs)} with ${rendered.length} renderers: ${expected ?? 'nothing is missing'}`, () => {
      assert.equal(missingRenderers(outputs, new Set(rendered)), expected);
    });
  }
});
