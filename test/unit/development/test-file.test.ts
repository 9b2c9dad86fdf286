import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { runTestFile, type TestFileResult } from '../../../src/development/testing/test-file';
import { temporaryFolder } from '../../support/temporary-folder';

/** Writes a file of tests and runs it as the runner does, with a limit of that long. */
async function run(t: TestContext, source: string, timeoutMs = 20_000): Promise<TestFileResult> {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'sample.test.cjs');
  await writeFile(path, `const test = require('node:test');\n${source}`);
  const work = join(folder, 'w');
  await mkdir(work);
  const signal = AbortSignal.timeout(60_000);
  const environment: NodeJS.ProcessEnv = { ...process.env };
  delete environment['NODE_TEST_CONTEXT'];
  return runTestFile(path, 1, { folder: work, timeoutMs, environment, wrapper: [], signal });
}

const namesOf = (result: TestFileResult) => result.counts.failed.map((failure) => failure.name);

test('tests are counted one by one, suites are not, and a skipped one is named with its reason', async (t) => {
  const result = await run(
    t,
    `test.describe('a suite', () => {
       test.it('one', () => {});
       test.it('two', () => { throw new Error('no good'); });
     });
     test('three', (t) => t.skip('no peer'));`,
  );
  assert.equal(result.counts.passed, 1);
  assert.deepEqual(namesOf(result), ['a suite › two']);
  assert.match(result.counts.failed[0]?.error ?? '', /no good/);
  assert.deepEqual(result.counts.skipped, ['three: no peer']);
});

test('a file that hangs is ended, and the test in which it hung is named', async (t) => {
  const result = await run(t, `test('waits', () => new Promise(() => setInterval(() => {}, 1000)));`, 15_000);
  assert.deepEqual(namesOf(result), ['(the whole file)']);
  assert.match(result.counts.failed[0]?.error ?? '', /did not end within 15 s.*waits/);
});

test('a file that fails outside its tests fails with what it printed', async (t) => {
  const result = await run(t, `throw new Error('broken at the top');`);
  assert.deepEqual(namesOf(result), ['(the whole file)']);
  assert.match(result.counts.failed[0]?.error ?? '', /broken at the top/);
});

test('a file without a test fails', async (t) => {
  assert.match((await run(t, '')).counts.failed[0]?.error ?? '', /no test/);
});

test('a process that a file leaves behind is a failure, is named, and is ended', async (t) => {
  if (process.platform !== 'linux') {
    t.skip('processes are found by /proc');
    return;
  }
  const result = await run(
    t,
    `test('starts', () => {
       const child = require('node:child_process').spawn('sleep', ['987'], { detached: true, stdio: 'ignore' });
       console.log('pid', child.pid);
       child.unref();
     });`,
  );
  assert.deepEqual(namesOf(result), ['(processes left behind)']);
  assert.match(result.counts.failed[0]?.error ?? '', /sleep 987/);
  const pid = Number(/pid (\d+)/.exec(result.output)?.[1]);
  const state = await import('node:fs/promises').then(({ readFile }) =>
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'ended Z'),
  );
  assert.match(state, / Z/, 'nobody may have reaped it, but it does not run any more');
});

test('a process without the mark in its environment is found by a path on its command line', async (t) => {
  if (process.platform !== 'linux') {
    t.skip('processes are found by /proc');
    return;
  }
  const result = await run(
    t,
    `test('starts', () => {
       const path = process.env.TMPDIR + '/connection.json';
       const words = ['-e', 'setInterval(() => {}, 1000)', path];
       require('node:child_process').spawn(process.execPath, words, { detached: true, stdio: 'ignore', env: {} }).unref();
     });`,
  );
  assert.deepEqual(namesOf(result), ['(processes left behind)']);
  assert.match(result.counts.failed[0]?.error ?? '', /connection\.json/);
});
