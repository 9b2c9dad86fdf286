import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { startKernelProcess } from '../../../src/daemon/keeper/kernel-process';
import {
  makeOutputFifo,
  openOutputFifo,
  outputFifoPath,
  type OutputFifo,
} from '../../../src/daemon/keeper/output-fifo';
import type { KeeperOrder } from '../../../src/protocol/keeper';
import { temporaryFolder } from '../../support/temporary-folder';

const script = 'echo one; echo two >&2; exit 3';

/** An order for a program that is no kernel. */
const orderOf = (folder: string, stateFolder: string): KeeperOrder => ({
  kernelId: '00000000-0000-4000-8000-000000000000',
  argv: ['/bin/sh', '-c', script],
  variables: {},
  workingDirectory: folder,
  transport: 'tcp',
  interruptMode: 'signal',
  environmentName: 'e',
  kernelspecName: 'sh',
  launcher: 'kernelspec',
  language: 'sh',
  stateFolder,
  socketFolder: folder,
  startTimeoutMs: 5_000,
  settings: {},
});

for (const [how, isThere] of [
  ['through a FIFO', true],
  ['through pipes where no FIFO can be made', false],
] as const) {
  test(`what a kernel prints on both streams is read to its end ${how}`, async (t) => {
    const folder = await temporaryFolder(t);
    const stateFolder = join(folder, 'state');
    if (isThere) await mkdir(stateFolder);
    const kernel = await startKernelProcess(orderOf(folder, stateFolder), 'connection.json');
    t.after(() => kernel.release());
    assert.deepEqual(await kernel.ended, { code: 3 });
    assert.equal(kernel.output.tail().split('\n').sort().join(' '), ' one two');
    const found = await stat(outputFifoPath({ stateFolder })).catch(() => undefined);
    assert.equal(found?.isFIFO() ?? false, isThere);
  });
}

function letGo(made: OutputFifo | undefined): void {
  made?.reader.destroy();
  if (made !== undefined) closeSync(made.kernelEnd);
}

test('a FIFO is for its user only, and a fresh one takes the place of what was there', async (t) => {
  const path = join(await temporaryFolder(t), 'output.fifo');
  await writeFile(path, 'left by somebody');
  const made = await makeOutputFifo(path);
  t.after(() => letGo(made));
  assert.notEqual(made, undefined);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('what is no FIFO is not read, nor what a link leads to', async (t) => {
  const folder = await temporaryFolder(t);
  const [file, link, fifo] = ['file', 'link', 'fifo'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const made = await makeOutputFifo(fifo);
  t.after(() => letGo(made));
  await writeFile(file, 'no output');
  await symlink(fifo, link);
  for (const path of [file, link, join(folder, 'nothing')]) assert.equal(openOutputFifo(path), undefined);
});
