import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chooseControllerId,
  chooseControllerText,
  environmentControllerId,
  environmentControllerText,
} from '../../../src/extension/notebooks/controller-text';
import type { RememberedEnvironment } from '../../../src/extension/notebooks/remembered-environments';

const environment: RememberedEnvironment = {
  hostId: 'h1',
  hostName: 'lab-7',
  environmentId: '0123456789abcdef',
  name: 'analysis',
  kind: 'conda',
  prefix: '/opt/conda/envs/analysis',
  language: 'python',
  pythonVersion: '3.11.7',
  isPinned: false,
  lastUsedAt: 0,
};
const connected = { name: 'lab-7', isConnected: true };

describe('a controller in the kernel picker', () => {
  test('is labelled with environment, version and host', () => {
    assert.deepEqual(environmentControllerText(environment, connected, '~/project'), {
      label: 'analysis (Python 3.11.7) · lab-7',
      description: 'conda',
      detail: '/opt/conda/envs/analysis · runs in ~/project',
    });
  });

  test('says in its detail that its host is not connected, and keeps its label', () => {
    const away = environmentControllerText(environment, { name: 'lab-7', isConnected: false }, '~');
    assert.equal(away.label, 'analysis (Python 3.11.7) · lab-7');
    assert.ok(away.detail.endsWith('not connected'), away.detail);
  });

  test('names another language', () => {
    const text = environmentControllerText({ ...environment, name: 'R 4.3', language: 'R' }, connected, '~');
    assert.equal(text.label, 'R 4.3 (R) · lab-7');
  });

  test('shows hostile names as text in one line', () => {
    const name = 'a\n$(trash) **b** \u202egnp';
    const { label } = environmentControllerText({ ...environment, name }, connected, '~');
    assert.ok(!label.includes('\n') && !label.includes('$(') && !label.includes('\u202e'), label);
    assert.ok(
      chooseControllerText({ name, isConnected: false }).label.startsWith('Choose on a␤$\u200b(trash)'),
    );
  });

  test('keeps its id while names change, and shares it with no other', () => {
    assert.equal(
      environmentControllerId(environment),
      environmentControllerId({ hostId: 'h1', environmentId: '0123456789abcdef' }),
    );
    const ids = new Set([
      environmentControllerId(environment),
      environmentControllerId({ ...environment, hostId: 'h2' }),
      environmentControllerId({ ...environment, environmentId: 'fedcba9876543210' }),
      chooseControllerId('h1'),
      chooseControllerId('h2'),
    ]);
    assert.equal(ids.size, 5);
  });
});
