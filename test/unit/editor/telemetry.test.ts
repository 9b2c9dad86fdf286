import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { createTelemetry, splitEvent, telemetryKey } from '../../../src/extension/editor/telemetry';

test('the project ships no key, and without one nothing is loaded or sent', () => {
  assert.equal(telemetryKey, undefined);
  const telemetry = createTelemetry(telemetryKey, silentLogger);
  telemetry.send('connect', { transport: 'tls', outcome: 'connected', durationMs: 5 });
  const loaded = Object.keys(require.cache).filter((file) => file.includes('extension-telemetry'));
  assert.deepEqual(loaded, []);
  telemetry.dispose();
});

test('texts and numbers travel apart', () => {
  assert.deepEqual(splitEvent({ transport: 'local', outcome: 'connected', durationMs: 12 }), [
    { transport: 'local', outcome: 'connected' },
    { durationMs: 12 },
  ]);
});

test('the README names every event and every field that could be sent', () => {
  const root = join(__dirname, '..', '..', '..');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const word of ['connect', 'start-kernel', 'transport', 'outcome', 'durationMs', 'environmentKind'])
    assert.ok(readme.includes(`\`${word}\``), `${word} is not in the README`);
});
