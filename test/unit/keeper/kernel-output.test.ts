import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { systemErrorCode } from '../../../src/base/errors';
import { until, withDeadline } from '../../../src/base/time';
import { startKernelProcess } from '../../../src/daemon/keeper/kernel-process';
import {
  makeOutputFifo,
  openOutputFifo,
  outputFifoBytes,
  outputFifoPath,
  type OutputFifo,
} from '../../../src/daemon/keeper/output-fifo';
import type { KeeperOrder } from '../../../src/protocol/keeper';
import { requirePeer } from '../../support/peers';
import { temporaryFolder } from '../../support/temporary-folder';

const script = 'echo one; echo two >&2; exit 3';

/** An order for a program that is no kernel. */
const orderOf = (folder: string, stateFolder: string, program = script): KeeperOrder => ({
  kernelId: '00000000-0000-4000-8000-000000000000',
  argv: ['/bin/sh', '-c', program],
  variables: { PATH: '/usr/bin:/bin' },
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

/** Waits until a program has made that file. */
function untilThere(path: string): Promise<boolean> {
  return until(() => existsSync(path) || undefined, withDeadline(60_000, path));
}

test('what a program that outlives its kernel prints does not hold it up, and is not kept', async (t) => {
  if (!requirePeer(t, 'a system with FIFOs', process.platform !== 'win32')) return;
  const folder = await temporaryFolder(t);
  const afterwards =
    'echo $$ >pid; until [ -e go ]; do sleep 0.05; done; head -c 4000000 /dev/zero; touch done';
  const program = `echo before; (exec sh -c '${afterwards}') & until [ -s pid ]; do sleep 0.05; done`;
  const kernel = await startKernelProcess(orderOf(folder, folder, program), 'connection.json');
  t.after(() => {
    if (!existsSync(join(folder, 'done'))) process.kill(-kernel.pid, 'SIGKILL');
  });
  assert.deepEqual(await kernel.ended, { code: 0 });
  // As a restart does it.
  kernel.release();
  await writeFile(join(folder, 'go'), '');
  await untilThere(join(folder, 'done'));
  assert.equal(kernel.output.tail(), 'before\n');
});

test('what a kernel prints that was let go is left for the next keeper', async (t) => {
  if (!requirePeer(t, 'a system with FIFOs', process.platform !== 'win32')) return;
  const folder = await temporaryFolder(t);
  const program = [
    'until [ -e go ]; do sleep 0.05; done',
    'echo late; touch printed',
    'until [ -e end ]; do sleep 0.05; done',
  ].join('; ');
  const kernel = await startKernelProcess(orderOf(folder, folder, program), 'connection.json');
  t.after(() => process.kill(-kernel.pid, 'SIGKILL'));
  kernel.release();
  await writeFile(join(folder, 'go'), '');
  await untilThere(join(folder, 'printed'));
  const reader = openOutputFifo(outputFifoPath({ stateFolder: folder }));
  t.after(() => reader?.destroy());
  const text = await new Promise((resolve) => reader?.setEncoding('utf8').once('data', resolve));
  assert.equal(text, 'late\n');
  assert.equal(kernel.output.tail(), '');
});

test('a FIFO takes a megabyte that nobody reads', async (t) => {
  if (!requirePeer(t, 'Linux, where a FIFO can be enlarged', process.platform === 'linux')) return;
  const path = join(await temporaryFolder(t), 'output.fifo');
  const made = await makeOutputFifo(path);
  t.after(() => letGo(made));
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(writer));
  assert.equal(writeSync(writer, Buffer.alloc(2 * outputFifoBytes)), outputFifoBytes);
});

/** Does it while this process can open only that many more files. */
async function withFreeFiles(free: number, work: () => Promise<void>): Promise<void> {
  const prlimit = (...words: string[]) =>
    execFileSync('prlimit', ['--pid', String(process.pid), ...words], { encoding: 'utf8' }).trim();
  const usual = prlimit('--nofile', '--output', 'SOFT', '--noheadings', '--raw');
  const taken: number[] = [];
  prlimit('--nofile=128:');
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    assert.equal(systemErrorCode(error), 'EMFILE');
  }
  try {
    for (const descriptor of taken.splice(0, free)) closeSync(descriptor);
    await work();
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
    prlimit(`--nofile=${usual}:`);
  }
}

test('where too many files are open a kernel starts without a FIFO, or says why it cannot', async (t) => {
  if (!requirePeer(t, 'Linux with prlimit', process.platform === 'linux')) return;
  for (let free = 0; free <= 8; free += 1) {
    const folder = await temporaryFolder(t);
    await withFreeFiles(free, async () => {
      const starting = startKernelProcess(orderOf(folder, folder), 'connection.json');
      const outcome = await starting.then(
        async (kernel) => `${JSON.stringify(await kernel.ended)} ${kernel.output.tail()}`,
        String,
      );
      // One for the FIFO's reader, one for the kernel, and two for a moment while a program starts.
      if (free >= 6) assert.match(outcome, /^\{"code":3\} (?:one\ntwo|two\none)\n$/);
      if (free === 0) assert.match(outcome, /^Error: the program \/bin\/sh could not be started: .*EMFILE/);
    });
  }
});
