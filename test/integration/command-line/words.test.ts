import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { exitCodes } from '../../../src/protocol/command-line';
import { isRoot, requirePeer } from '../../support/peers';
import { createTestHome } from '../../support/test-home';
import { runCommand } from './daemon-under-test';

test('the version is that of the package, on standard output', async (t) => {
  const home = await createTestHome(t);
  const manifest = JSON.parse(await readFile(join(__dirname, '../../../package.json'), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(await runCommand(home, ['--version']), {
    exitCode: 0,
    output: `${manifest.version}\n`,
    words: '',
  });
});

for (const words of [
  ['--help'],
  ['serve', '--help'],
  ['help', 'pair'],
  ['status', '--help'],
  ['certificate', 'show', '--help'],
  ['agent', '--help'],
]) {
  test(`"remote-kernels ${words.join(' ')}" ends with an example`, async (t) => {
    const ended = await runCommand(await createTestHome(t), words);
    assert.equal(ended.exitCode, 0);
    assert.match(ended.output, /\nExample:\n {2}remote-kernels /);
    assert.equal(ended.words, '');
  });
}

const faults: readonly [words: string[], exitCode: number, message: RegExp][] = [
  [['srve'], exitCodes.usage, /did you mean serve\?/],
  [['serve', '--single-user', '--prot', '3'], exitCodes.usage, /no option --prot; did you mean --port\?/],
  [['serve', '--single-user', '--port', '70000'], exitCodes.usage, /1 to 65535/],
  [['serve', '--single-user', '--listen', 'lab-7'], exitCodes.usage, /give an IP address/],
  [['serve', '--single-user', '--log-level', 'loud'], exitCodes.usage, /--log-level loud/],
  [
    ['serve', '--single-user', '--port', '0', '--listen', '203.0.113.9'],
    exitCodes.unavailable,
    /cannot listen on that address/,
  ],
  [['status'], exitCodes.unavailable, /no daemon of yours runs .* start one with: remote-kernels serve/],
  [['pair', '--json'], exitCodes.unavailable, /no daemon of yours runs/],
  [['certificate', 'show'], exitCodes.noInput, /no key yet/],
];

for (const [words, exitCode, message] of faults) {
  test(`"remote-kernels ${words.join(' ')}" ends with ${exitCode} and says what to do`, async (t) => {
    const ended = await runCommand(await createTestHome(t), words);
    assert.equal(ended.exitCode, exitCode);
    assert.match(ended.words, message);
    assert.match(ended.words, /^remote-kernels: /m);
    assert.equal(ended.output, '');
    assert.ok(!/\n\s+at /.test(ended.words), 'no stack is shown to a person');
  });
}

test('root is told of variables that change how the program runs before it serves many users', async (t) => {
  if (!requirePeer(t, 'root', isRoot())) return;
  const home = await createTestHome(t);
  const environment = { ...home.environment, NODE_OPTIONS: '--no-warnings' };
  const ended = await runCommand({ ...home, environment }, ['serve']);
  assert.equal(ended.exitCode, exitCodes.configuration);
  assert.match(ended.words, /env -u NODE_OPTIONS remote-kernels serve/);
});
