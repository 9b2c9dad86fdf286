import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { systemClock, until, withDeadline } from '../../../src/base/time';
import { keeperTimeoutMs, startKeeper } from '../../../src/daemon/agent/kernels/keeper-process';
import { KernelRegistry } from '../../../src/daemon/agent/kernels/registry';
import { Lifetime } from '../../../src/daemon/agent/lifetime';
import { processStartTime, signalProcess } from '../../../src/daemon/platform/processes';
import { goneProcess, keeperRecord } from '../../support/keeper-records';
import { temporaryFolder } from '../../support/temporary-folder';
import { isAlive } from './support/agent-under-test';

const kernelId = '00000000-0000-4000-8000-000000000001';

/** A keeper that fails as often as `failures` says, and then serves an idle kernel; each start adds a line to `starts`. */
const keeperProgram = `
const fs = require('node:fs'), http = require('node:http'), path = require('node:path');
const at = (name) => path.join(__dirname, name);
const say = (greeting) => process.stdout.write(JSON.stringify(greeting) + '\\n');
let text = '';
process.stdin.on('data', (chunk) => {
  text += chunk;
  if (!text.includes('\\n')) return;
  process.stdin.pause();
  const order = JSON.parse(text);
  fs.appendFileSync(at('starts'), process.pid + '\\n');
  const starts = fs.readFileSync(at('starts'), 'utf8').trim().split('\\n').length;
  if (starts <= Number(fs.readFileSync(at('failures'), 'utf8'))) {
    say({ event: 'failed', code: 'kernel-start-failed', message: 'no file descriptor is left', output: '' });
    process.exitCode = 69;
    return;
  }
  const now = new Date().toISOString();
  const state = { kernelId: order.kernelId, state: 'idle', stateSince: now, keeperPid: process.pid, pid: order.adopt?.pid,
    startedAt: now, lastActivity: now, connections: 0, restarts: 0, badSignatures: 0, gaps: [now], transport: 'ipc' };
  const socket = path.join(order.socketFolder, process.pid + '.sock');
  http.createServer((request, response) => {
    response.write(JSON.stringify(state) + '\\n');
    if (!request.url.endsWith('watch')) response.end();
    if (request.url.includes('shutdown')) setImmediate(() => process.exit());
  }).listen(socket, () => {
    say({ event: 'listening', socket, keeperPid: process.pid });
    say({ event: 'started', state });
  });
});
`;

/** A process that stands for a kernel, and the folder and record of one whose keeper is gone. */
async function prepareRecord(t: TestContext) {
  let starts = '';
  // Before the folder goes: keepers that were started write their pids there, and they outlive whoever started them.
  t.after(async () => {
    const pids = await readFile(starts, 'utf8').catch(() => '');
    for (const pid of pids.split('\n').filter((line) => line !== '')) {
      if (await isAlive(Number(pid))) signalProcess(Number(pid), 'SIGKILL');
    }
  });
  const top = await temporaryFolder(t);
  starts = join(top, 'starts');
  const kernel = spawn('sleep', ['120'], { stdio: 'ignore', detached: true });
  const pid = kernel.pid ?? 0;
  const folder = join(top, 'kernels', kernelId);
  await mkdir(folder, { recursive: true });
  const record = keeperRecord({
    kernelId,
    stateFolder: folder,
    socketFolder: top,
    keeper: goneProcess,
    kernel: { pid, startTime: (await processStartTime(pid)) ?? '' },
  });
  await writeFile(record.connectionFile, '{}');
  await writeFile(join(folder, 'record.json'), JSON.stringify(record));
  t.after(() => kernel.kill('SIGKILL'));
  return { record, top, pid };
}

/** A registry that finds a kernel whose keeper is gone, and keepers of which the first so many fail. */
async function prepare(t: TestContext, failures: number, maxKernels?: number) {
  const { top, pid } = await prepareRecord(t);
  await writeFile(join(top, 'keeper.js'), keeperProgram);
  await writeFile(join(top, 'failures'), String(failures));
  const lifetime = new Lifetime(60_000, systemClock);
  const registry = new KernelRegistry({
    program: join(top, 'keeper.js'),
    stateFolders: [top],
    bootId: 'now',
    startTimeoutMs: 5000,
    ...(maxKernels === undefined ? {} : { maxKernels }),
    lifetime,
    logger: silentLogger,
  });
  const starts = async () =>
    (await readFile(join(top, 'starts'), 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);
  t.after(async () => {
    registry.dispose();
    lifetime.dispose();
    for (const keeper of await starts()) if (await isAlive(keeper)) signalProcess(keeper, 'SIGKILL');
  });
  const states: string[] = [];
  registry.onDidChange((event) => states.push(event.event === 'kernel' ? event.kernel.state : event.event));
  return {
    registry,
    pid,
    states,
    kernelsFolder: join(top, 'kernels'),
    starts,
    failures: join(top, 'failures'),
  };
}

test('a running kernel whose next keeper cannot start is kept and tried again, and is never shown dead', async (t) => {
  const { registry, pid, states, starts } = await prepare(t, 1);
  await registry.load();
  assert.equal(registry.get(kernelId).state.state, 'starting');
  await until(
    () => (registry.get(kernelId).state.state === 'idle' ? true : undefined),
    withDeadline(30_000, 'another keeper'),
  );
  assert.equal((await starts()).length, 2);
  assert.equal(await isAlive(pid), true);
  assert.ok(!states.includes('dead'), states.join());
});

test('a kernel is given up only when its process has ended too', async (t) => {
  const { registry, pid, starts, kernelsFolder } = await prepare(t, 1000);
  await registry.load();
  await until(
    async () => ((await starts()).length >= 2 ? true : undefined),
    withDeadline(30_000, 'the second try'),
  );
  assert.equal(registry.get(kernelId).state.state, 'starting');
  process.kill(pid, 'SIGKILL');
  await until(
    () => (registry.get(kernelId).state.state === 'dead' ? true : undefined),
    withDeadline(30_000, 'the end'),
  );
  assert.deepEqual(await readdir(kernelsFolder), []);
});

test('a dead kernel is restarted once however many ask, and not beyond the limit on kernels', async (t) => {
  const { registry, pid, starts, failures } = await prepare(t, 1000, 1);
  await registry.load();
  process.kill(pid, 'SIGKILL');
  await until(
    () => (registry.get(kernelId).state.state === 'dead' ? true : undefined),
    withDeadline(30_000, 'the end'),
  );
  await writeFile(failures, '0');
  const before = (await starts()).length;
  const order = { ...registry.get(kernelId).order, kernelId: '00000000-0000-4000-8000-000000000002' };
  await registry.start(order);
  await assert.rejects(registry.restart(kernelId), { code: 'kernel-limit-reached' });
  await registry.shutdown(order.kernelId);
  await Promise.all([registry.restart(kernelId), registry.restart(kernelId)]);
  assert.equal(registry.get(kernelId).state.state, 'idle');
  assert.equal((await starts()).length, before + 2);
});

test('a running kernel without a keeper can be shut down', async (t) => {
  const { registry, pid, starts, kernelsFolder } = await prepare(t, 1000);
  await registry.load();
  await until(
    async () => ((await starts()).length >= 1 ? true : undefined),
    withDeadline(30_000, 'the first try'),
  );
  await registry.shutdown(kernelId);
  assert.equal(registry.find(kernelId), undefined);
  await until(
    async () => ((await isAlive(pid)) ? undefined : true),
    withDeadline(30_000, 'the end of the kernel'),
  );
  assert.deepEqual(await readdir(kernelsFolder), []);
});

/** A keeper that starts its kernel, writes its record, and then says nothing any more. */
const silentKeeperProgram = `
const fs = require('node:fs'), path = require('node:path'), { spawn } = require('node:child_process');
let text = '';
process.stdin.on('data', (chunk) => {
  text += chunk;
  if (!text.includes('\\n')) return;
  const order = JSON.parse(text);
  const startTime = (pid) => fs.readFileSync('/proc/' + pid + '/stat', 'utf8').replace(/^.*\\) /s, '').split(' ')[19];
  const kernel = spawn('sleep', ['120'], { detached: true, stdio: 'ignore' });
  fs.mkdirSync(order.stateFolder, { recursive: true });
  fs.writeFileSync(path.join(__dirname, 'pid'), String(kernel.pid));
  fs.writeFileSync(path.join(order.stateFolder, 'record.json'), JSON.stringify({ order, bootId: 'now',
    keeperPid: process.pid, keeperStartTime: startTime(process.pid), socket: '/s', connectionFile: '/c',
    kernel: { pid: kernel.pid, processStartTime: startTime(kernel.pid) }, startedAt: '', restarts: 0, gaps: [] }));
  fs.writeFileSync(path.join(__dirname, 'isRecorded'), '');
});
`;

test('a keeper that reports nothing in time is ended with the kernel that it started', async (t) => {
  const { record, top } = await prepareRecord(t);
  await writeFile(join(top, 'keeper.js'), silentKeeperProgram);
  await rm(record.order.stateFolder, { recursive: true });
  await assert.rejects(startKeeper(join(top, 'keeper.js'), record.order, silentLogger, 15_000), {
    code: 'kernel-start-timeout',
  });
  assert.ok((await readdir(top)).includes('isRecorded'));
  const pid = Number(await readFile(join(top, 'pid'), 'utf8'));
  await until(
    async () => ((await isAlive(pid)) ? undefined : true),
    withDeadline(30_000, 'the end of the kernel'),
  );
  assert.deepEqual(await readdir(join(top, 'kernels')), []);
});

test('a keeper has time to report its own time limit, also when it starts a kernel over TCP twice', async (t) => {
  const { order } = (await prepareRecord(t)).record;
  const ipc = keeperTimeoutMs({ ...order, startTimeoutMs: 60_000 });
  const tcp = keeperTimeoutMs({ ...order, startTimeoutMs: 60_000, transport: 'tcp' });
  // What a keeper adds: 3 s for a kernel's second answer, and 5.3 s for ending one that hangs.
  assert.ok(ipc > 60_000 + 10_000);
  assert.ok(tcp > 2 * 60_000 + 2 * 8300);
});
