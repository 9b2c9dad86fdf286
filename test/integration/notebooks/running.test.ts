import assert from 'node:assert/strict';
import { describe, test, before, after, type TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { readCompletions } from '../../../src/extension/notebooks/language/completion';
import { readInspection } from '../../../src/extension/notebooks/language/inspection';
import { textOf } from '../../unit/notebooks/fake-cell';
import { ended, NotebookUnderTest, shows, startHost, type HostUnderTest } from './notebook-under-test';

/** One agent and one kernel for the tests that leave it as they found it. */
describe('cells on a real kernel', { timeout: 240_000 }, () => {
  let host: HostUnderTest;
  let kernelId = '';
  const releases: (() => unknown)[] = [];
  const lifetime = { after: (release: () => unknown) => releases.push(release) } as unknown as TestContext;

  before(async () => {
    host = await startHost(lifetime, 'ipykernel');
    kernelId = (await host.startKernel('running.ipynb')).id;
  });
  after(async () => {
    for (const release of releases.reverse()) await release();
  });

  const open = (t: TestContext) => new NotebookUnderTest(t, host, kernelId);

  test('run one after another and stop at the first error', async (t) => {
    const notebook = open(t);
    const cells = notebook.enqueue('a = 1', 'print(a + 1)', '1 / 0', 'print("never")', 'print("never")');
    await until(() => (notebook.execution.isBusy ? undefined : true), withDeadline(30_000, 'the queue'));
    assert.deepEqual(
      cells.map(({ result, texts }) => [result?.isSuccess, texts.length]),
      [
        [true, 0],
        [true, 1],
        [false, 1],
        [undefined, 0],
        [undefined, 0],
      ],
    );
    assert.deepEqual(notebook.errors, ['ZeroDivisionError']);
    assert.deepEqual(notebook.remembered, []);
    const again = await notebook.run('print("goes on")');
    assert.deepEqual(again.texts, ['goes on\n']);
  });

  test('stop when they are interrupted, and what waits does not run', async (t) => {
    const notebook = open(t);
    const [long, waiting] = notebook.enqueue('import time\nprint("began", flush=True)\ntime.sleep(100)', '2');
    assert.ok(long !== undefined && waiting !== undefined);
    await shows(long, 'began');
    notebook.execution.stopWaiting();
    assert.deepEqual(waiting.log, ['end undefined']);
    await host.client.interruptKernel(kernelId, AbortSignal.timeout(10_000));
    await ended(long);
    assert.equal(long.result?.isSuccess, false);
    assert.deepEqual(notebook.errors, ['KeyboardInterrupt']);
  });

  test('ask for a line and for a password, and get the answers', async (t) => {
    const notebook = open(t);
    const questions: { prompt: string; isPassword: boolean }[] = [];
    notebook.askInput = ({ prompt, isPassword }) => {
      questions.push({ prompt, isPassword });
      return Promise.resolve(isPassword ? 'secret' : 'Ada');
    };
    const cell = await notebook.run(
      'import getpass\nname = input("Name? ")\nword = getpass.getpass("Word: ")\nprint(name, len(word))',
    );
    assert.deepEqual(questions, [
      { prompt: 'Name? ', isPassword: false },
      { prompt: 'Word: ', isPassword: true },
    ]);
    assert.deepEqual(cell.texts.at(-1), 'Ada 6\n');
    assert.ok(!cell.texts.join('').includes('secret'));
  });

  test('get an empty line when the question is dismissed', async (t) => {
    const notebook = open(t);
    notebook.askInput = () => Promise.resolve(undefined);
    const cell = await notebook.run('print(repr(input("?")))');
    assert.ok(cell.texts.join('').endsWith("''\n"), cell.texts.join(''));
  });

  test('close the question when they are interrupted', async (t) => {
    const notebook = open(t);
    let closed = false;
    let asked = false;
    notebook.askInput = (_question, signal) =>
      new Promise((resolve) => {
        asked = true;
        signal.addEventListener('abort', () => {
          closed = true;
          resolve(undefined);
        });
      });
    const [cell] = notebook.enqueue('input("?")');
    assert.ok(cell !== undefined);
    await until(() => (asked ? true : undefined), withDeadline(30_000, 'the question'));
    notebook.execution.stopWaiting();
    await host.client.interruptKernel(kernelId, AbortSignal.timeout(10_000));
    await ended(cell);
    assert.deepEqual([closed, cell.result?.isSuccess], [true, false]);
  });

  test('show the pager and hand over the next input', async (t) => {
    const notebook = open(t);
    const help = await notebook.run('print?');
    assert.ok(help.texts.join('').includes('Prints the values'), help.texts.join(''));
    await notebook.run(
      'get_ipython().set_next_input("x = 1", replace=True)\nget_ipython().set_next_input("y = 2")',
    );
    assert.deepEqual(notebook.nextInputs.at(-1), { text: 'y = 2', isReplacing: false });
  });

  test('take what a thread prints after their end', async (t) => {
    const notebook = open(t);
    const cell = await notebook.run(
      'import threading, time\ndef late():\n    time.sleep(0.5)\n    print("late")\nthreading.Thread(target=late).start()\nprint("early")',
    );
    await shows(cell, 'late');
    assert.deepEqual(cell.texts.join(''), 'early\nlate\n');
    assert.equal(cell.log.filter((line) => line.startsWith('end')).length, 1);
  });

  test('without code are emptied and not sent', async (t) => {
    const notebook = open(t);
    const before = (await notebook.run('1')).order ?? 0;
    const empty = await notebook.run('  \n');
    assert.deepEqual([empty.result?.isSuccess, empty.order], [undefined, undefined]);
    assert.equal((await notebook.run('1')).order, before + 1);
  });

  test('show 200,000 lines, all of them, in few changes', async (t) => {
    const notebook = open(t);
    const cell = await notebook.run('for n in range(200_000): print("line", n)');
    const lines = cell.texts.join('').split('\n');
    assert.deepEqual([lines.length, lines[0], lines[199_999]], [200_001, 'line 0', 'line 199999']);
    assert.equal(cell.outputs.length, 1);
    assert.ok(cell.applied < 200, `${cell.applied} changes`);
  });

  test('show a display of 64 MiB', async (t) => {
    const notebook = open(t);
    const cell = await notebook.run(
      'from IPython.display import display\ndisplay({"text/plain": "x" * (64 * 1024 * 1024)}, raw=True)',
    );
    assert.equal(textOf(cell.outputs[0]?.items[0]?.data ?? '').length, 64 * 1024 * 1024);
  });

  test('are completed and explained by the kernel', async (t) => {
    const notebook = open(t);
    await notebook.run('text = "😀"; value_of_something = 42');
    const code = 's = "😀"; value_of_so';
    const reply = await notebook.kernel.connection.requestComplete({
      code,
      cursor_pos: Array.from(code).length,
    });
    const completion = readCompletions(code, reply.content).find(({ text }) => text === 'value_of_something');
    assert.ok(completion !== undefined);
    assert.equal(code.slice(completion.start, completion.end), 'value_of_so');
    const inspected = await notebook.kernel.connection.requestInspect({
      code: 'value_of_something',
      cursor_pos: 5,
      detail_level: 0,
    });
    const text = readInspection(inspected.content) ?? '';
    assert.ok(text.includes('int'), text);
    // eslint-disable-next-line no-control-regex -- that there is none is what is asserted
    assert.ok(!/\u001b/.test(text), text);
  });
});

for (const [name, code, text] of [
  ['ipykernel-6', 'print("old")\n1 / 0', 'old\n'],
  ['bash-kernel', 'echo old', 'old\n'],
  ['spyder', 'print("old")', 'old\n'],
] as const) {
  test(`cells run with ${name}`, { timeout: 120_000 }, async (t) => {
    const host = await startHost(t, name);
    const details = await host.startKernel('a.ipynb');
    const notebook = new NotebookUnderTest(t, host, details.id);
    const cell = await notebook.run(code);
    assert.equal(cell.texts[0], text);
    assert.equal(cell.result?.isSuccess, name !== 'ipykernel-6');
    assert.equal(cell.order, 1);
  });
}
