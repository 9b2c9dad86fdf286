import assert from 'node:assert/strict';
import test from 'node:test';
import { commands } from '../../../src/daemon/command-line/commands';
import { formatHelp } from '../../../src/daemon/command-line/help';
import { editDistance } from '../../../src/base/nearest-word';
import { parseCommandLine } from '../../../src/daemon/command-line/parse-command-line';

function faultOf(line: string): string {
  const result = parseCommandLine(line === '' ? [] : line.split(' '));
  return result.kind === 'fault' ? result.message : `no fault: ${result.kind}`;
}

const faults: readonly [line: string, message: string][] = [
  ['srve', 'there is no command "srve"; did you mean serve?'],
  ['--port 3', 'there is no command "--port"'],
  ['certificate', '"certificate" needs another word: certificate show'],
  ['certificate --json', '"certificate" needs another word: certificate show'],
  ['certificate shwo', 'there is no command "certificate shwo"; did you mean certificate show?'],
  ['stat', 'there is no command "stat"; did you mean status?'],
  ['reticulate', 'there is no command "reticulate"'],
  ['serve --prot 3', '"serve" has no option --prot; did you mean --port?'],
  ['serve --jsn', '"serve" has no option --jsn; did you mean --json?'],
  ['serve --no-anounce', '"serve" has no option --no-anounce; did you mean --no-announce?'],
  ['serve --xyzzy', '"serve" has no option --xyzzy'],
  ['serve extra', '"serve" takes no "extra"'],
  ['serve --port', '--port needs a value: --port N'],
  ['serve --port=', '--port needs a value: --port N'],
  ['serve --json=yes', '--json takes no value'],
  ['serve --port 1 --port 2', '--port was given twice'],
  ['serve --json --json', '--json was given twice'],
  ['pair --port 3', '"pair" has no option --port'],
  ['help srve', 'there is no command "srve"; did you mean serve?'],
];

for (const [line, message] of faults) {
  test(`"remote-kernels ${line}" says: ${message}`, () => assert.equal(faultOf(line), message));
}

for (const line of [
  '',
  '--help',
  '-h',
  'help',
  'serve --help',
  'serve -h',
  'help serve',
  'certificate show --help',
  'certificate --help',
]) {
  test(`"remote-kernels ${line}" is a question for help`, () => {
    assert.equal(parseCommandLine(line === '' ? [] : line.split(' ')).kind, 'help');
  });
}

test('options are read in any order, with the value after a space or an equals sign', () => {
  const words = ['serve', '--listen', '::1', '--json', '--listen=10.0.0.1', '--port=0', '--name', 'lab 7=x'];
  const result = parseCommandLine(words);
  assert.ok(result.kind === 'run');
  assert.equal(result.command.name, 'serve');
  assert.deepEqual(result.options.values('--listen'), ['::1', '10.0.0.1']);
  assert.deepEqual(result.options.values('--port'), ['0']);
  assert.deepEqual(result.options.values('--name'), ['lab 7=x']);
  assert.equal(result.options.has('--json'), true);
  assert.equal(result.options.has('--no-announce'), false);
});

test('a value may look like an option', () => {
  const result = parseCommandLine(['serve', '--name', '--json']);
  assert.ok(result.kind === 'run');
  assert.deepEqual(result.options.values('--name'), ['--json']);
  assert.equal(result.options.has('--json'), false);
});

test('the version is asked for by --version', () => {
  assert.deepEqual(parseCommandLine(['--version']), { kind: 'version' });
});

for (const command of commands.filter(({ isInternal }) => isInternal !== true)) {
  test(`the help of ${command.name} names every option and has an example that is understood`, () => {
    const help = formatHelp(command);
    for (const { name } of command.options) assert.ok(help.includes(name));
    assert.ok(command.example.length > 0);
    for (const example of command.example) {
      const words = (example.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
      assert.equal(words[0], 'remote-kernels');
      const result = parseCommandLine(words.slice(1));
      assert.equal(result.kind, 'run', example);
    }
  });
}

test('the help of the program names every command but those it starts itself with', () => {
  const help = formatHelp();
  for (const { name, isInternal } of commands)
    assert.equal(help.includes(`  ${name}  `), isInternal !== true);
});

test('the distance of two words is the number of letters to change', () => {
  const pairs: readonly [string, string, number][] = [
    ['', 'abc', 3],
    ['serve', 'serve', 0],
    ['srve', 'serve', 1],
    ['prot', 'port', 2],
    ['kitten', 'sitting', 3],
  ];
  for (const [one, other, distance] of pairs) {
    assert.equal(editDistance(one, other), distance);
    assert.equal(editDistance(other, one), distance);
  }
});
