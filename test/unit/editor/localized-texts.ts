import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** The repository. */
export const root = join(__dirname, '..', '..', '..');

/** The texts that translators get, one file for all. */
export const bundlePath = join(root, 'l10n', 'bundle.l10n.json');

/** Every text that `t(…)` of `@vscode/l10n` is called with in the extension, sorted. */
export function localizedTexts(): readonly string[] {
  const texts = new Set<string>();
  for (const source of extensionSources()) {
    if (source.text.includes('@vscode/l10n')) collect(source, texts);
  }
  return [...texts].sort();
}

/** Every file of the extension, parsed; named by its path below `src/extension`. */
export function extensionSources(): readonly ts.SourceFile[] {
  const folder = join(root, 'src', 'extension');
  return filesIn(folder).map((file) =>
    ts.createSourceFile(relative(folder, file), readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true),
  );
}

function collect(node: ts.Node, texts: Set<string>): void {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 't') {
    const [first] = node.arguments;
    if (first === undefined || !ts.isStringLiteralLike(first))
      throw new Error(
        `${node.getSourceFile().fileName}: t() takes a text, so that it can be found: ${node.getText()}`,
      );
    texts.add(first.text);
  }
  ts.forEachChild(node, (child) => collect(child, texts));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
