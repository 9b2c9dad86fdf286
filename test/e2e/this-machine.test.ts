import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { exampleName, prepareExampleEnvironment } from '../../src/development/demonstration/places';
import { makeWorkspace, streamTextOf } from '../support/sample-notebook';
import { stagesOf } from '../support/stages';
import { createTestHome } from '../support/test-home';
import { openWorkbench, readNotebook } from '../support/workbench';

test('this machine is used without a daemon and without signing in', async (t) => {
  const person = await createTestHome(t);
  await prepareExampleEnvironment(person.home, AbortSignal.timeout(300_000));
  const workspace = await makeWorkspace(join(person.home, 'work'), 'here.ipynb', [
    'total = globals().get("total", 0) + 1\nprint("total is", total)',
  ]);
  const workbench = await openWorkbench(t, {
    environment: person.environment,
    workspace,
    name: 'this-machine',
  });
  const { notebook } = workbench;
  const stage = stagesOf(t, () => workbench.screenshot('failed'));

  await stage('the empty view offers it', async () => {
    await workbench.showView('Remote Kernels');
    await workbench.screenshot('empty-view');
    await notebook.open('here.ipynb');
    await workbench.runCommand('Remote Kernels: Try It on This Machine');
    await workbench.treeItem(new RegExp(exampleName));
    await workbench.screenshot('connected');
  });

  await stage('a notebook runs in one of its environments', async () => {
    await notebook.chooseKernel(/Choose on /);
    await workbench.pick(exampleName);
    await notebook.waitForKernelLabel(/example \(Python [\d.]+\) · /);
    await notebook.runAll();
    await notebook.waitForOutput(/total is 1/);
    await notebook.save();
    const saved = await readNotebook(join(workspace, 'here.ipynb'));
    assert.equal(streamTextOf(saved.cells[0]?.outputs), 'total is 1\n');
  });

  await stage('Interrupt stops a cell, and the kernel goes on', async () => {
    await notebook.replaceCell(0, 'import time\nprint("waiting")\ntime.sleep(600)');
    await notebook.runCell(0);
    await notebook.waitForOutput(/waiting/);
    await workbench.runCommand('Remote Kernels: Interrupt');
    await notebook.waitForOutput(/KeyboardInterrupt/);
    await workbench.screenshot('interrupted');
  });

  await stage('a reload does not end the kernel', async () => {
    await notebook.replaceCell(0, 'total = globals().get("total", 0) + 1\nprint("total is", total)');
    await notebook.save();
    await workbench.reload();
    await notebook.waitForKernelLabel(/example \(Python [\d.]+\) · /);
    await notebook.runCell(0);
    await notebook.waitForOutput(/total is 2/);
    await workbench.screenshot('after-reload');
  });
});
