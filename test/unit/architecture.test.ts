import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';
import ts from 'typescript';

/**
 * The architecture as data. A folder is named by its path below `src/`; a file belongs to the longest name that its path starts with. Each says
 * what it may import besides itself: names of folders, or single files.
 */
interface Rule {
  readonly folder: string;
  readonly mayImport: readonly string[];
  /** Whether the folder may import the editor's API. */
  readonly isRim?: boolean;
}

const model = [
  'base',
  'protocol',
  'extension/openssh',
  'extension/remote',
  'extension/hosts',
  'extension/deployment',
  'extension/transports',
  'extension/transports/local',
  'extension/transports/tls',
  'extension/transports/ssh',
  'extension/transports/jupyterhub',
];
const rim = [...model, 'extension/editor', 'extension/commands/ids.ts'];
const transport = ['base', 'protocol', 'extension/transports'];
const daemonPart = ['base', 'protocol', 'daemon/configuration', 'daemon/platform'];

const rules: readonly Rule[] = [
  { folder: 'base', mayImport: [] },
  { folder: 'protocol', mayImport: ['base'] },
  { folder: 'extension/openssh', mayImport: ['base', 'protocol'] },
  { folder: 'extension/remote', mayImport: ['base', 'protocol'] },
  { folder: 'extension/transports', mayImport: ['base', 'protocol'] },
  { folder: 'extension/transports/local', mayImport: transport },
  { folder: 'extension/transports/tls', mayImport: transport },
  { folder: 'extension/transports/ssh', mayImport: [...transport, 'extension/openssh'] },
  { folder: 'extension/transports/jupyterhub', mayImport: transport },
  {
    folder: 'extension/deployment',
    mayImport: ['base', 'protocol', 'extension/transports/transport.ts', 'extension/transports/ssh'],
  },
  {
    folder: 'extension/hosts',
    mayImport: [
      'base',
      'protocol',
      'extension/remote',
      'extension/openssh',
      'extension/transports/transport.ts',
    ],
  },
  { folder: 'extension/editor', mayImport: ['base', 'protocol'], isRim: true },
  { folder: 'extension/commands', mayImport: rim, isRim: true },
  { folder: 'extension/views', mayImport: rim, isRim: true },
  { folder: 'extension/notebooks', mayImport: rim, isRim: true },
  {
    folder: 'extension/main.ts',
    mayImport: [...rim, 'extension/commands', 'extension/views', 'extension/notebooks'],
    isRim: true,
  },
  // The manifest is where the version stands, for npm, VS Code and the daemon alike.
  { folder: 'daemon/configuration', mayImport: ['base', 'protocol', '../package.json'] },
  { folder: 'daemon/platform', mayImport: ['base', 'protocol'] },
  { folder: 'daemon/front-door', mayImport: daemonPart },
  { folder: 'daemon/supervisor', mayImport: daemonPart },
  { folder: 'daemon/agent', mayImport: daemonPart },
  { folder: 'daemon/keeper', mayImport: daemonPart },
  {
    folder: 'daemon',
    mayImport: [...daemonPart, 'daemon/front-door', 'daemon/supervisor', 'daemon/agent', 'daemon/keeper'],
  },
  {
    folder: 'development',
    mayImport: [...model, 'daemon/platform', 'daemon/configuration', 'test/support'],
  },
];

/** Files over this many lines are more than one subject. Tables of the protocol are exempt. */
const maxLines = 400;

const repository = resolve(__dirname, '..', '..');
const source = join(repository, 'src');

interface Import {
  /** Relative to `src/`. */
  readonly from: string;
  /** Relative to `src/`, or the name of a package. */
  readonly to: string;
  readonly isOurs: boolean;
}

const files = filesIn(source, /\.(ts|mjs)$/);
const imports = files.flatMap(importsOf);
const describeImport = ({ from, to }: Import) => `${from} imports ${to}`;

test('each folder imports only what the table allows', () => {
  const wrong = imports.filter(({ isOurs }) => isOurs).filter(({ from, to }) => !isAllowed(from, to));
  assert.deepEqual(
    wrong.map((edge) => `${describeImport(edge)}, but ${allowanceOf(edge.from)}`),
    [],
  );
});

test('every file of src belongs to a folder of the table', () => {
  assert.deepEqual(
    files.filter((file) => ruleOf(file) === undefined),
    [],
    'these files are in no folder that the design names',
  );
});

test('no files import each other in a circle, not even for types', () => {
  const targets = new Map<string, string[]>();
  for (const { from, to, isOurs } of imports) {
    if (isOurs) targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  assert.deepEqual(findCycles(targets), []);
});

test('only the rim of the extension knows the editor', () => {
  const wrong = imports.filter(({ from, to }) => to === 'vscode' && ruleOf(from)?.isRim !== true);
  assert.deepEqual(wrong.map(describeImport), []);
});

test('only the keeper speaks ZMQ', () => {
  const wrong = imports.filter(({ from, to }) => to === 'zeromq' && !from.startsWith('daemon/keeper/'));
  assert.deepEqual(wrong.map(describeImport), []);
});

test('what src imports from a package is in the dependencies that are bundled', () => {
  const { dependencies, devDependencies } = readManifest();
  const known = new Set([...Object.keys(dependencies), 'vscode']);
  const missing = imports
    .filter(({ isOurs, to, from }) => !isOurs && !to.startsWith('node:') && !from.startsWith('development/'))
    .filter(({ to }) => !known.has(packageOf(to)))
    .map(describeImport);
  assert.deepEqual(missing, []);
  const development = imports
    .filter(({ isOurs, to, from }) => !isOurs && !to.startsWith('node:') && from.startsWith('development/'))
    .filter(({ to }) => !known.has(packageOf(to)) && !(packageOf(to) in devDependencies))
    .map(describeImport);
  assert.deepEqual(development, []);
});

test(`no file is longer than ${maxLines} lines`, () => {
  const tests = filesIn(join(repository, 'test'), /\.ts$/)
    .map((file) => join('..', 'test', file))
    .filter((file) => !file.includes('/fixtures/'));
  const long = [...files, ...tests]
    .filter((file) => !file.startsWith('protocol/'))
    .map((file) => ({ file, lines: readSource(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${file} has ${lines} lines`);
  assert.deepEqual(long, []);
});

test('files and folders have kebab-case names, and none is a barrel', () => {
  const words = /^[a-z0-9]+(-[a-z0-9]+)*$/;
  const wrong = files.filter((file) =>
    file
      .replace(/\.(ts|mjs)$/, '')
      .split('/')
      .some((part) => !words.test(part) || part === 'index'),
  );
  assert.deepEqual(wrong, []);
});

test('no file says that it is unfinished', () => {
  // Put together, so that this file does not find itself.
  const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);
  assert.deepEqual(
    files.filter((file) => marks.test(readSource(file))),
    [],
  );
});

test('only the scripts of development write to the console', () => {
  const wrong = files
    .filter((file) => !/^development\/.*\.mjs$/.test(file))
    .filter((file) => /\bconsole\.\w+\(/.test(readSource(file)));
  assert.deepEqual(wrong, []);
});

test('the commands of the manifest are those of commands/ids.ts', () => {
  const path = join(source, 'extension', 'commands', 'ids.ts');
  assert.ok(existsSync(path), 'src/extension/commands/ids.ts, the one list of command ids, is missing');
  const inSource = stringsOf(path).filter((text) => /^remoteKernels\.\w+(\.\w+)*$/.test(text));
  const { contributes } = readManifest();
  const inManifest = (contributes?.commands ?? []).map(({ command }) => command);
  assert.ok(inManifest.length > 0, 'package.json contributes no commands');
  assert.deepEqual(
    {
      onlyInSource: inSource.filter((id) => !inManifest.includes(id)),
      onlyInManifest: inManifest.filter((id) => !inSource.includes(id)),
      twice: inManifest.filter((id, index) => inManifest.indexOf(id) !== index),
    },
    { onlyInSource: [], onlyInManifest: [], twice: [] },
  );
});

test('the import table itself finds a wrong edge, and the search for circles a circle', () => {
  assert.equal(isAllowed('extension/hosts/host.ts', 'extension/transports/tls/connect.ts'), false);
  assert.equal(isAllowed('extension/hosts/host.ts', 'extension/transports/transport.ts'), true);
  assert.equal(isAllowed('daemon/agent/main.ts', 'daemon/keeper/journal.ts'), false);
  assert.equal(isAllowed('extension/views/tree.ts', 'extension/commands/connect.ts'), false);
  assert.equal(isAllowed('extension/views/tree.ts', 'extension/commands/ids.ts'), true);
  assert.equal(isAllowed('daemon/main.ts', 'development/steps.ts'), false);
  const circle = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a']],
    ['d', ['a']],
  ]);
  assert.deepEqual(findCycles(circle), ['a → b → c → a']);
});

function ruleOf(file: string): Rule | undefined {
  return rules
    .filter(({ folder }) => file === folder || file.startsWith(`${folder}/`))
    .sort((one, other) => other.folder.length - one.folder.length)[0];
}

function isAllowed(from: string, to: string): boolean {
  const rule = ruleOf(from);
  const target = ruleOf(to);
  if (rule === undefined) return false;
  if (target?.folder === rule.folder || rule.mayImport.includes(to)) return true;
  if (to.startsWith('../test/support/')) return rule.mayImport.includes('test/support');
  return target !== undefined && rule.mayImport.includes(target.folder);
}

function allowanceOf(file: string): string {
  const rule = ruleOf(file);
  return rule === undefined
    ? 'its folder is not in the table'
    : `${rule.folder} may import only: ${rule.mayImport.join(', ') || 'nothing of ours'}`;
}

/** Each circle once, beginning with its first file by name. */
function findCycles(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push([...path.slice(start), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of [...targets.keys()].sort()) visit(file, []);
  return cycles;
}

function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readSource(file), true, true);
  return importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return { from: file, to: fileName, isOurs: false };
    const base = resolve(source, dirname(file), fileName);
    const found = [base, `${base}.ts`, `${base}.mjs`].find((path) => /\.\w+$/.test(path) && existsSync(path));
    return { from: file, to: relative(source, found ?? base), isOurs: true };
  });
}

function stringsOf(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest));
  return found;
}

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly contributes?: { readonly commands?: readonly { readonly command: string }[] };
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest;
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

function readSource(file: string): string {
  return readFileSync(join(source, file), 'utf8');
}

function filesIn(folder: string, names: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => names.test(name))
    .sort();
}
