import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { silentLogger } from '../../../src/base/logger';
import type { KernelExit } from '../../../src/protocol/kernels';
import { readKernelEnd } from '../../../src/extension/notebooks/kernel-end';
import { describeKernelEnd } from '../../../src/extension/notebooks/start-problems';
import { FakeCell, settle } from '../../unit/notebooks/fake-cell';
import { ended, NotebookUnderTest, shows, startHost, type HostUnderTest } from './notebook-under-test';

/** A cell that prints, waits for a file, and prints again: so a test decides what happens while it runs. */
function waitingCode(
  host: HostUnderTest,
  name: string,
): { code: string; release: () => Promise<void>; done: string } {
  const path = join(host.home, name);
  const done = `${path}.done`;
  return {
    code: `import os, time
print("began", flush=True)
while not os.path.exists(${JSON.stringify(path)}): time.sleep(0.02)
print("ended", flush=True)
open(${JSON.stringify(done)}, "w").close()`,
    release: () => writeFile(path, ''),
    done,
  };
}

/** How the cell ended, asked anew each time. */
function successOf(cell: FakeCell): boolean | 'not ended' | undefined {
  return cell.result === undefined ? 'not ended' : cell.result.isSuccess;
}

async function opened(notebook: NotebookUnderTest): Promise<void> {
  await until(() => (notebook.kernel.isOpen ? true : undefined), withDeadline(40_000, 'the channels'));
}

async function closed(notebook: NotebookUnderTest): Promise<void> {
  await until(() => (notebook.kernel.isOpen ? undefined : true), withDeadline(20_000, 'the loss'));
}

test(
  'a cell that runs while the connection is lost keeps running and ends by the kernel’s own word',
  { timeout: 120_000 },
  async (t) => {
    const host = await startHost(t, 'ipykernel');
    const notebook = new NotebookUnderTest(t, host, (await host.startKernel('a.ipynb')).id);
    const { code, release } = waitingCode(host, 'go');
    const [cell, next] = notebook.enqueue(code, 'print("next")');
    assert.ok(cell !== undefined && next !== undefined);
    await shows(cell, 'began');
    host.cut();
    await closed(notebook);
    assert.ok(notebook.execution.lostAt !== undefined);
    assert.deepEqual([successOf(cell), successOf(next), cell.log.length], ['not ended', 'not ended', 1]);
    await host.connect();
    await opened(notebook);
    await release();
    await ended(cell);
    await ended(next);
    assert.deepEqual([successOf(cell), next.texts], [true, ['next\n']]);
    assert.equal(cell.texts.join(''), 'began\nended\n');
    assert.deepEqual(cell.notes, []);
  },
);

test(
  'a cell that ended while nobody listened ends when the kernel can be heard again, and is never red',
  { timeout: 120_000 },
  async (t) => {
    const host = await startHost(t, 'ipykernel');
    const notebook = new NotebookUnderTest(t, host, (await host.startKernel('a.ipynb')).id);
    const { code, release, done } = waitingCode(host, 'go');
    const [cell] = notebook.enqueue(code);
    assert.ok(cell !== undefined);
    await shows(cell, 'began');
    host.cut();
    await closed(notebook);
    await release();
    await until(() => (existsSync(done) ? true : undefined), withDeadline(20_000, 'the end of the cell'));
    await host.connect();
    await opened(notebook);
    await ended(cell);
    // The keeper may have kept the end for us; if not, the cell says that something may be missing.
    assert.notEqual(successOf(cell), false);
    if (successOf(cell) === undefined) assert.deepEqual(cell.notes, ['missed since a moment']);
    else assert.equal(cell.texts.join(''), 'began\nended\n');
    assert.deepEqual((await notebook.run('print("after")')).texts, ['after\n']);
  },
);

test(
  'a cell that is run while the connection is lost runs when it is back',
  { timeout: 120_000 },
  async (t) => {
    const host = await startHost(t, 'ipykernel');
    const notebook = new NotebookUnderTest(t, host, (await host.startKernel('a.ipynb')).id);
    await notebook.run('1');
    host.cut();
    await closed(notebook);
    const [cell] = notebook.enqueue('print("queued")');
    assert.ok(cell !== undefined);
    await settle();
    assert.equal(successOf(cell), 'not ended');
    await host.connect();
    await ended(cell);
    assert.deepEqual([cell.texts, successOf(cell), cell.notes], [['queued\n'], true, []]);
  },
);

test(
  'after a reload a notebook finds its kernel, its variables and the cell that runs',
  { timeout: 120_000 },
  async (t) => {
    const host = await startHost(t, 'ipykernel');
    const details = await host.startKernel('a.ipynb');
    const first = new NotebookUnderTest(t, host, details.id);
    await first.run('kept = 41');
    const { code, release } = waitingCode(host, 'go');
    const [cell] = first.enqueue(code);
    assert.ok(cell !== undefined);
    await shows(cell, 'began');
    const { remembered, sessionId } = first;
    assert.equal(remembered.length, 1);
    first.close();

    const found = await host.startKernel('a.ipynb');
    assert.equal(found.id, details.id);
    const second = new NotebookUnderTest(t, host, found.id, sessionId);
    const same = new FakeCell(cell.key, cell.text);
    same.outputs = cell.outputs;
    const [run] = remembered;
    assert.ok(run !== undefined);
    second.execution.resume(same, run, true);
    await opened(second);
    assert.deepEqual(same.log, [`start ${run.startedAt}`]);
    await release();
    await ended(same);
    assert.deepEqual([same.texts.join(''), successOf(same)], ['began\nended\n', true]);
    assert.deepEqual((await second.run('print(kept + 1)')).texts, ['42\n']);
  },
);

test(
  'after a reload a cell that ended meanwhile is left as it is, without running anything',
  { timeout: 120_000 },
  async (t) => {
    const host = await startHost(t, 'ipykernel');
    const details = await host.startKernel('a.ipynb');
    const first = new NotebookUnderTest(t, host, details.id);
    await first.run('count = 0');
    const { code, release, done } = waitingCode(host, 'go');
    const [cell] = first.enqueue(`count += 1\n${code}`);
    assert.ok(cell !== undefined);
    await shows(cell, 'began');
    first.close();
    await release();
    await until(() => (existsSync(done) ? true : undefined), withDeadline(20_000, 'the end of the cell'));

    const second = new NotebookUnderTest(t, host, details.id, first.sessionId);
    const same = new FakeCell(cell.key, cell.text);
    const [run] = first.remembered;
    assert.ok(run !== undefined);
    second.execution.resume(same, run, false);
    await opened(second);
    await ended(same);
    assert.notEqual(successOf(same), false);
    assert.deepEqual((await second.run('print(count)')).texts, ['1\n']);
  },
);

test('a kernel that is killed is told apart from a lost connection', { timeout: 120_000 }, async (t) => {
  const host = await startHost(t, 'ipykernel');
  const { id, pid } = await host.startKernel('a.ipynb');
  assert.ok(pid !== undefined);
  const notebook = new NotebookUnderTest(t, host, id);
  const ends: (KernelExit | undefined)[] = [];
  notebook.kernel.onDidEnd((details) => {
    void readKernelEnd(host.client, notebook.kernel.id, details, silentLogger).then((known) => {
      ends.push(known?.exit);
      notebook.execution.abandon({ isError: true, text: `${describeKernelEnd('lab-7', known?.exit)}\n` });
    });
  });
  const [cell, waiting] = notebook.enqueue('print("x", flush=True)\nimport time; time.sleep(100)', '2');
  assert.ok(cell !== undefined && waiting !== undefined);
  // Not by the cell itself: what a kernel has only just handed to its own sending thread dies with the kernel.
  await shows(cell, 'x');
  process.kill(pid, 'SIGKILL');
  await ended(cell);
  assert.deepEqual(
    ends.map((exit) => exit?.signal),
    ['SIGKILL'],
  );
  assert.deepEqual([successOf(cell), waiting.log], [false, ['end undefined']]);
  assert.match(
    cell.texts.join(''),
    /^x\nThe kernel of this notebook on lab-7 ended \(killed by signal 9; it used .* of .*\)\.\n$/,
  );
});

test('a restarted kernel answers under the same id with nothing in it', { timeout: 120_000 }, async (t) => {
  const host = await startHost(t, 'ipykernel');
  const details = await host.startKernel('a.ipynb');
  const notebook = new NotebookUnderTest(t, host, details.id);
  await notebook.run('kept = 1');
  const [running] = notebook.enqueue('import time; time.sleep(100)');
  assert.ok(running !== undefined);
  notebook.execution.abandon({ isError: false });
  await ended(running);
  await host.client.restartKernel(details.id, AbortSignal.timeout(60_000));
  const cell = await notebook.run('print("kept" in globals())');
  assert.deepEqual([cell.texts, cell.order], [['False\n'], 1]);
});

test(
  'a kernel that is restarted by somebody else while a cell runs is noticed',
  { timeout: 120_000 },
  async (t) => {
    const host = await startHost(t, 'ipykernel');
    const details = await host.startKernel('a.ipynb');
    const notebook = new NotebookUnderTest(t, host, details.id);
    const [cell] = notebook.enqueue('print("began", flush=True)\nimport time; time.sleep(100)');
    assert.ok(cell !== undefined);
    await shows(cell, 'began');
    await host.client.restartKernel(details.id, AbortSignal.timeout(60_000));
    await until(
      () => (notebook.restarts > 0 ? true : undefined),
      withDeadline(30_000, 'word of the restart'),
    );
    notebook.execution.abandon({ isError: true });
    await ended(cell);
    assert.deepEqual((await notebook.run('print("fresh")')).texts, ['fresh\n']);
  },
);
