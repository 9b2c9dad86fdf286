import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { formatPin } from '../../src/protocol/pin';
import { exampleName, prepareExampleEnvironment } from '../../src/development/demonstration/places';
import { startAnnouncedDaemon } from '../support/announced-daemon';
import { makeWorkspace, streamTextOf } from '../support/sample-notebook';
import { stagesOf } from '../support/stages';
import { createTestHome } from '../support/test-home';
import { openWorkbench, readNotebook } from '../support/workbench';

const hostName = 'bench-7';

/** Counts how often it ran in the same kernel, and says whose home the kernel sees. */
const countingCell = `import os
counter = globals().get("counter", 0) + 1
print("counter is", counter, "in", os.environ["HOME"])`;

const plotCell = `import matplotlib.pyplot as plt
plt.plot([1, 2, 4, 8])
plt.show()`;

const inputCell = `name = input("Who is there? ")
print("hello", name)`;

/** Goes on for a while, so that the network can be cut meanwhile. */
const slowCell = `import time
[print("second", second, flush=True) or time.sleep(1) for second in range(12)];`;

const cells = [countingCell, plotCell, inputCell, '1 / 0'];

test('a host is found, paired with, used, and found again after a reload and after the network was cut', async (t) => {
  const remote = await createTestHome(t);
  const person = await createTestHome(t);
  await prepareExampleEnvironment(remote.home, AbortSignal.timeout(300_000));
  const { daemon, cutter } = await startAnnouncedDaemon(t, hostName, remote.environment);
  const workspace = await makeWorkspace(join(person.home, 'work'), 'story.ipynb', cells);
  const workbench = await openWorkbench(t, {
    environment: person.environment,
    workspace,
    name: 'main-job',
  });
  const { notebook } = workbench;
  const stage = stagesOf(t, () => workbench.screenshot('failed'));

  await stage('the host that announces itself is in the side bar', async () => {
    await workbench.showView('Remote Kernels');
    await workbench.treeItem(new RegExp(hostName));
    await notebook.open('story.ipynb');
    await workbench.screenshot('discovered');
  });

  await stage('Connect to Remote shows the fingerprint that the host shows', async () => {
    await workbench.runCommand('Remote Kernels: Connect to Remote');
    await workbench.pick(hostName);
    const text = await workbench.dialogText();
    assert.ok(text.replace(/\s+/g, ' ').includes(formatPin(daemon.pin)), text);
    assert.match(text, /first connection to .*bench-7/);
    await workbench.screenshot('fingerprint');
    await workbench.pressInDialog('The Fingerprint Matches');
  });

  await stage('a wrong pairing code is refused and asked for again', async () => {
    await workbench.answer(/pairing code/i, 'wrong-code-000');
    await workbench.page
      .locator('.quick-input-widget:visible')
      .getByText(/did not accept/)
      .waitFor();
    await workbench.screenshot('wrong-code');
  });

  await stage('the right code connects, and the tree shows the environments', async () => {
    await workbench.answer(/pairing code/i, daemon.code);
    await workbench.statusBar(hostName);
    await workbench.treeItem(new RegExp(`${hostName}, connected as`));
    await workbench.treeItem(new RegExp(exampleName));
    await workbench.screenshot('connected');
  });

  await stage('a notebook is given a kernel of that environment', async () => {
    await notebook.chooseKernel(`Choose on ${hostName}…`);
    await workbench.screenshot('environment-picker');
    await workbench.pick(exampleName);
    await notebook.waitForKernelLabel(/example \(Python [\d.]+\) · bench-7/);
  });

  await stage('its cells run there: text, plot, a question, an error', async () => {
    await notebook.runAll();
    await notebook.waitForImage();
    await workbench.screenshot('plot-and-question');
    await workbench.answer(/Who is there/, 'Ada');
    const output = await notebook.waitForOutput(/hello Ada/);
    assert.match(output, /counter is 1/);
    assert.ok(output.includes(remote.home), output);
    await notebook.scroll(60);
    await notebook.waitForOutput(/ZeroDivisionError/);
    await notebook.scroll(-8);
    await workbench.screenshot('error');
    await notebook.scroll(-60);
    await workbench.screenshot('cells-have-run');
  });

  await stage('the saved notebook is one that a colleague can open', async () => {
    await notebook.save();
    const saved = await readNotebook(join(workspace, 'story.ipynb'));
    const [counted, plotted, asked, failed] = saved.cells;
    assert.equal(saved.metadata.language_info?.name, 'python');
    assert.equal(saved.metadata.kernelspec?.name, 'python3');
    assert.deepEqual(
      saved.cells.map((cell) => cell.execution_count),
      [1, 2, 3, 4],
    );
    assert.match(streamTextOf(counted?.outputs), /^counter is 1 in /);
    assert.equal(plotted?.outputs?.[0]?.output_type, 'display_data');
    assert.ok(plotted.outputs[0].data?.['image/png']);
    assert.match(streamTextOf(asked?.outputs), /hello Ada/);
    assert.equal(failed?.outputs?.[0]?.output_type, 'error');
    assert.equal(failed.outputs[0].ename, 'ZeroDivisionError');
  });

  await stage('after a reload the notebook goes on with the same kernel, without a sign-in', async () => {
    await workbench.reload();
    await workbench.statusBar(hostName);
    await notebook.waitForKernelLabel(/example \(Python [\d.]+\) · bench-7/);
    await workbench.showView('Remote Kernels');
    await workbench.treeItem(new RegExp(`${hostName}, connected as`));
    await notebook.runCell(0);
    await notebook.waitForOutput(/counter is 2/);
    await workbench.screenshot('after-reload');
  });

  await stage('when the network is cut the status bar says so, and nothing turns red', async () => {
    await notebook.replaceCell(0, slowCell);
    await notebook.runCell(0);
    await notebook.waitForOutput(/second 1/);
    await cutter.set('refuse');
    const lost = await workbench.statusBar(/bench-7: reconnecting/);
    await workbench.screenshot('network-cut');
    await lost.hover();
    await workbench.page
      .locator('.monaco-hover:visible')
      .getByText(/keeps running on bench-7/)
      .waitFor();
    await workbench.screenshot('why-it-is-lost');
    assert.doesNotMatch(await notebook.outputs(), /lost|disconnect/i);
  });

  await stage('the status bar reconnects, and the cell that was running goes on', async () => {
    await cutter.set('pass');
    const lost = await workbench.statusBar(/bench-7/);
    await lost.click();
    await workbench.treeItem(new RegExp(`${hostName}, connected as`));
    const output = await notebook.waitForOutput(/second 11/);
    // Every line once, also those that were printed while nobody was connected.
    const seconds = [...output.matchAll(/second (\d+)/g)].map(([, second]) => Number(second));
    assert.deepEqual(seconds, [...Array(12).keys()]);
    await workbench.screenshot('reconnected');
  });

  await stage('the kernel has kept its state', async () => {
    await notebook.replaceCell(0, countingCell);
    await notebook.runCell(0);
    await notebook.waitForOutput(/counter is 3/);
    await notebook.save();
    await workbench.screenshot('run-again');
  });
});
