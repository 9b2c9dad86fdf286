import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { promptText } from '../../../src/extension/notebooks/input-requests';

describe('a kernel’s prompt', () => {
  for (const prompt of [
    '[Continue](command:workbench.action.terminal.new)',
    'a [b](https://x.test) c [d](command:e?%5B%5D)',
    '[a]\n(command:b)',
  ]) {
    test(`holds no link that the editor would follow: ${JSON.stringify(prompt)}`, () => {
      const shown = promptText(prompt);
      assert.doesNotMatch(shown, /\]\(|\n/);
      assert.equal(shown.replaceAll('\u200b', '').replaceAll(' · ', '\n'), prompt);
    });
  }

  test('of plain words stays as it is', () => {
    assert.equal(promptText('Name (first) [last]:'), 'Name (first) [last]:');
  });
});
