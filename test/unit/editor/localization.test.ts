import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import ts from 'typescript';
import { bundlePath, extensionSources, localizedTexts, root } from './localized-texts';
import { earlyTexts, unlocalizedTexts, type UnlocalizedText } from './unlocalized-texts';

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

test('translators get every text of the extension, and none that is gone', () => {
  assert.deepEqual(
    Object.keys(readJson(bundlePath)).sort(),
    localizedTexts(),
    'write the texts anew with: node --import tsx test/unit/editor/write-localized-texts.ts',
  );
});

/** Folders whose texts people read. The others speak in codes, and what they write out is for the log. */
const speaking = /^(main\.ts$|(commands|views|notebooks|editor|hosts)\/)/;

/** The name of the product is the same in every language. */
const productName = /^(\$\([\w-]+\) )?Remote Kernels$/;

test('no text that a person reads is in English whatever their language', () => {
  const wrong = extensionSources()
    .filter(({ fileName }) => speaking.test(fileName))
    .flatMap((source) => listed(source, unlocalizedTexts(source)))
    .filter(({ text }) => !productName.test(text));
  assert.deepEqual(wrong.map(describe), [], 'call t(…) of @vscode/l10n with them');
});

test('no text is chosen before the language is known', () => {
  const wrong = extensionSources().flatMap((source) => listed(source, earlyTexts(source)));
  assert.deepEqual(wrong.map(describe), [], 'these are evaluated when the file is loaded');
});

test('the search for texts finds those of people, and leaves names, codes and the log alone', () => {
  const found = (code: string) =>
    unlocalizedTexts(ts.createSourceFile('x.ts', code, ts.ScriptTarget.Latest, true)).map(({ text }) => text);
  const people: readonly (readonly [code: string, ...texts: string[]])[] = [
    ['return `The kernel on ${host} ended.`;', 'The kernel on {} ended.'],
    ["const words = isKnown ? 'not connected' : t('Connected');", 'not connected'],
    ["show({ title: 'Restart', run });", 'Restart'],
    ["item.tooltip = `${name}: ${isOn ? 'on' : 'off'}`;", 'on', 'off'],
    ["const note = error.message ?? 'unknown';", 'unknown'],
    ["void vscode.window.showWarningMessage(message, 'Cancel');", 'Cancel'],
    ["void vscode.window.showWarningMessage(t('A'), `Connect ${name}`);", 'Connect {}'],
  ];
  for (const [code, ...texts] of people) assert.deepEqual(found(code), texts, code);
  const others = [
    "show({ title: t('Restart the kernel of {0}', name), message: `${t('One')} · ${text}` });",
    "logger.info(`the kernel of ${id} ended here`); throw new Error('it is not there any more');",
    "withDeadline(1000, 'restarting the kernel', signal);",
    "item.label = `$(sync~spin) ${name}`; item.description = '';",
    "import type { Two } from 'a b'; type Kind = 'not this'; commands.executeCommand('remoteKernels.connect');",
    "const mime = 'text/plain'; const label = environment.kind === 'conda' ? name : '';",
    'class Declined extends Error { constructor() { super("it was not wanted"); } }',
  ];
  for (const code of others) assert.deepEqual(found(code), [], code);
  const early = (code: string) =>
    earlyTexts(ts.createSourceFile('x.ts', code, ts.ScriptTarget.Latest, true)).length;
  assert.equal(early("export const title = t('Restart');"), 1);
  assert.equal(early("export class A { static title = t('Restart'); }"), 1);
  assert.equal(early("export const title = () => t('Restart'); function a() { return t('B'); }"), 0);
});

function listed({ fileName }: ts.SourceFile, texts: readonly UnlocalizedText[]) {
  return texts.map((text) => ({ fileName, ...text }));
}

function describe({ fileName, line, text }: UnlocalizedText & { readonly fileName: string }): string {
  return `${fileName}:${line} ${text}`;
}

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
