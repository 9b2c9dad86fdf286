import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { bundlePath, localizedTexts, root } from './localized-texts';

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

test('translators get every text of the extension, and none that is gone', () => {
  assert.deepEqual(
    Object.keys(readJson(bundlePath)).sort(),
    localizedTexts(),
    'write the texts anew with: node --import tsx test/unit/editor/write-localized-texts.ts',
  );
});

test('every %key% of the manifest has its text, and every text is used', () => {
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  const used = [...manifest.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key ?? '');
  assert.deepEqual([...new Set(used)].sort(), Object.keys(readJson(join(root, 'package.nls.json'))).sort());
});

test('every context key of the manifest is one that the extension sets', () => {
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  const source = readFileSync(join(root, 'src', 'extension', 'editor', 'context-keys.ts'), 'utf8');
  const set = new Set([...source.matchAll(/readonly (\w+): boolean/g)].map(([, key]) => key ?? ''));
  const named = [...manifest.matchAll(/"(?:when|completionEvents)": (?:"([^"]*)"|\[([^\]]*)\])/g)]
    .map(([, text, list]) => text ?? list ?? '')
    .flatMap((text) => [...text.matchAll(/(?<![\w.]|config\.)remoteKernels\.(\w+)/g)])
    .map(([, key]) => key ?? '')
    .filter((key) => key !== 'hosts' && key !== 'tryThisMachine' && key !== 'addHost');
  assert.ok(named.length > 10);
  assert.deepEqual(
    [...new Set(named)].filter((key) => !set.has(key)),
    [],
  );
});
