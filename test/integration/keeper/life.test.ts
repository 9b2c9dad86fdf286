import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { isSameProcess, processStartTime } from '../../../src/daemon/platform/processes';
import { WireError } from '../../../src/protocol/errors';
import { keeperPaths } from '../../../src/protocol/keeper';
import { patienceMs, startKeeper, untilLet, type DrivenKeeper } from './driven-keeper';

for (const python of ['ipykernel', 'ipykernel-6'] as const) {
  for (const protocol of ['v1', 'json'] as const) {
    test(`${python} runs a cell for a client that speaks ${protocol}`, async (t) => {
      const keeper = await startKeeper(t, { python });
      const { state } = await keeper.greeting('started');
      assert.equal(state.state, 'idle');
      const client = await keeper.connect({ protocol });
      const { reply, outputs } = await client.run('print("hello"); 6 * 7');
      assert.equal(reply.content['status'], 'ok');
      assert.deepEqual(
        outputs.map((one) => one.type),
        ['status', 'execute_input', 'stream', 'execute_result', 'status'],
      );
      assert.deepEqual(outputs[3]?.content['data'], { 'text/plain': '42' });
    });
  }
}

// The oldest supported ipykernel does not know `interrupt_request`.
for (const [python, interruptMode] of [
  ['ipykernel', 'signal'],
  ['ipykernel', 'message'],
  ['ipykernel-6', 'signal'],
] as const) {
  test(`${python} is interrupted by ${interruptMode} and is idle again`, async (t) => {
    const keeper = await startKeeper(t, { python, interruptMode });
    await keeper.greeting('started');
    const client = await keeper.connect();
    const id = client.execute('import time\nprint("ready", flush=True)\ntime.sleep(60)');
    await client.until((one) => one.type === 'stream');
    assert.equal((await keeper.readState()).state, 'busy');
    await keeper.post(keeperPaths.interrupt);
    const { reply } = await client.finished(id);
    assert.equal(reply.content['ename'], 'KeyboardInterrupt');
    await keeper.untilState((state) => state.state === 'idle');
  });
}

test('a restart gives the same kernel a fresh process, and clients stay connected', async (t) => {
  const keeper = await startKeeper(t);
  const { state: before } = await keeper.greeting('started');
  const client = await keeper.connect();
  await client.run('x = 1');
  const [first] = await Promise.all([keeper.post(keeperPaths.restart), keeper.post(keeperPaths.restart)]);
  const after = await keeper.readState();
  assert.equal(after.restarts, 1, 'two requests at once are one restart');
  assert.notEqual(after.pid, before.pid);
  assert.equal(after.state, 'idle');
  assert.equal((JSON.parse(first) as { kernelId: string }).kernelId, keeper.order.kernelId);
  assert.ok(client.states.includes('starting'));
  assert.equal(client.closing, undefined);
  const { reply } = await client.run('x');
  assert.equal(reply.content['ename'], 'NameError');
});

test('a cell that is sent while the kernel restarts runs in the fresh process', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const restart = keeper.post(keeperPaths.restart);
  await keeper.untilState((state) => state.state === 'restarting');
  const id = client.execute('print("after")');
  await restart;
  await client.finished(id);
  assert.equal(client.printed(id), 'after\n');
});

test('a restart that fails says why and leaves a dead kernel, which can be restarted', async (t) => {
  const script = 'if [ -e broken ]; then echo no module; exit 3; fi; exec "$1" -m ipykernel_launcher -f "$2"';
  const plain = await startKeeper(t);
  await plain.greeting('started');
  const [python = ''] = plain.order.argv;
  const keeper = await startKeeper(t, { argv: ['/bin/sh', '-c', script, 'sh', python, '{connection_file}'] });
  await keeper.greeting('started');
  const client = await keeper.connect();
  await client.run('open("broken", "w").close()');
  const failure = await keeper.post(keeperPaths.restart).catch((error: unknown) => error);
  assert.ok(failure instanceof WireError);
  assert.equal(failure.code, 'kernel-start-failed');
  assert.equal(failure.detail?.exitCode, 3);
  assert.match(failure.detail.output ?? '', /no module/);
  assert.equal((await keeper.readState()).state, 'dead');
  await client.until((one) => one.content['execution_state'] === 'dead');
  const { unlink } = await import('node:fs/promises');
  await unlink(`${keeper.home}/broken`);
  await keeper.post(keeperPaths.restart);
  assert.equal((await client.run('1')).reply.content['status'], 'ok');
});

/** Waits until the keeper tells of that much memory by itself: a stream of states moves when something has changed. */
async function untilGrown(keeper: DrivenKeeper, leastBytes: number): Promise<void> {
  const abandon = new AbortController();
  const signal = withDeadline(patienceMs, 'the memory of the kernel', abandon.signal);
  for await (const { memoryBytes = 0 } of keeper.watchStates(signal)) if (memoryBytes > leastBytes) break;
  abandon.abort();
}

for (const [code, expected] of [
  ['import os; os._exit(7)', { code: 7 }],
  ['import os, signal; os.kill(os.getpid(), signal.SIGKILL)', { signal: 'SIGKILL' }],
  ['import os; os.abort()', { signal: 'SIGABRT' }],
] as const) {
  test(`a kernel that dies is dead with ${JSON.stringify(expected)}, and clients are told`, async (t) => {
    const keeper = await startKeeper(t);
    await keeper.greeting('started');
    const client = await keeper.connect();
    client.execute(`x = bytearray(50_000_000)\n${untilLet}${code}`);
    await untilGrown(keeper, 50_000_000);
    await keeper.letFinish();
    await client.until((one) => one.content['execution_state'] === 'dead');
    const { state, exit, pid } = await keeper.readState();
    assert.equal(state, 'dead');
    assert.equal(pid, undefined);
    const { code: exitCode, signal, output } = exit ?? {};
    assert.deepEqual(
      { ...(exitCode === undefined ? {} : { code: exitCode }), ...(signal === undefined ? {} : { signal }) },
      'code' in expected ? { code: expected.code } : { signal: expected.signal },
    );
    assert.match(output ?? '', /--existing/, 'what it printed at its start is there');
    assert.ok((exit?.lastMemoryBytes ?? 0) > 50_000_000, 'its memory is known');
    assert.ok((exit?.totalMemoryBytes ?? 0) > (exit?.lastMemoryBytes ?? 0));
    const late = await keeper.connect();
    await late.until((one) => one.content['execution_state'] === 'dead');
    await assert.rejects(keeper.post(keeperPaths.interrupt), { code: 'kernel-dead' });
    await keeper.post(keeperPaths.restart);
    assert.equal((await late.run('1')).reply.content['status'], 'ok');
    assert.equal((await keeper.readState()).exit, undefined);
  });
}

test('a kernel that dies is started again when the settings say so, until it dies too often', async (t) => {
  const keeper = await startKeeper(t, { settings: { restartAutomatically: true } });
  await keeper.greeting('started');
  const client = await keeper.connect();
  for (let restarts = 1; restarts <= 5; restarts += 1) {
    client.execute('import os; os._exit(1)');
    await keeper.untilState((state) => state.restarts === restarts && state.state === 'idle');
  }
  assert.equal(client.states.filter((state) => state === 'restarting').length, 5);
  client.execute('import os; os._exit(1)');
  await keeper.untilState((state) => state.state === 'dead');
});

test('after a shutdown no process and no file is left', async (t) => {
  const keeper = await startKeeper(t);
  const { state } = await keeper.greeting('started');
  const pid = state.pid ?? 0;
  const startTime = (await processStartTime(pid)) ?? '';
  const client = await keeper.connect();
  const { outputs } = await client.run(
    'import subprocess; child = subprocess.Popen(["sleep", "600"]); print(child.pid)',
  );
  const child = Number(outputs.find((one) => one.type === 'stream')?.content['text']);
  assert.ok((await processStartTime(child)) !== undefined);
  await keeper.post(keeperPaths.shutdown);
  assert.equal(await keeper.exited(), 0);
  assert.equal(await isSameProcess({ pid, startTime }), false);
  assert.equal(await processStartTime(child), undefined);
  assert.equal(existsSync(keeper.order.stateFolder), false);
  assert.equal(existsSync(keeper.socket), false);
  assert.equal((await client.closed()).code, 4004);
  assert.equal(client.states.at(-1), 'dead');
});

test('a forced shutdown does not wait for a kernel that ignores everything: it is killed without a word before', async (t) => {
  const keeper = await startKeeper(t);
  const { state } = await keeper.greeting('started');
  const client = await keeper.connect();
  client.execute(
    'import signal; signal.signal(signal.SIGTERM, lambda *_: open("terminated", "w").close())\nprint("deaf", flush=True)\nwhile True: pass',
  );
  await client.until((one) => one.type === 'stream');
  await keeper.post(`${keeperPaths.shutdown}?force`);
  assert.equal(await keeper.exited(), 0);
  assert.equal(existsSync(join(keeper.home, 'terminated')), false);
  assert.equal(await processStartTime(state.pid ?? 0), undefined);
});

test('the stream of states tells every change', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const abandon = new AbortController();
  t.after(() => abandon.abort());
  const seen: string[] = [];
  const reading = (async () => {
    for await (const state of keeper.watchStates(abandon.signal)) {
      seen.push(`${state.state} ${state.connections}`);
      if (state.state === 'dead') return;
    }
  })();
  const untilSeen = (state: string) =>
    until(() => (seen.at(-1) === state ? true : undefined), withDeadline(patienceMs, state));
  await untilSeen('idle 0');
  const client = await keeper.connect();
  await untilSeen('idle 1');
  const id = client.execute(untilLet);
  await untilSeen('busy 1');
  await keeper.letFinish();
  await client.finished(id);
  await untilSeen('idle 1');
  await keeper.post(keeperPaths.shutdown);
  await reading;
  assert.deepEqual(
    seen.filter((one, index) => one !== seen[index - 1]),
    ['idle 0', 'idle 1', 'busy 1', 'idle 1', 'dead 0'],
  );
});

test('requests on the control channel and other clients do not change what a kernel is busy with', async (t) => {
  const keeper = await startKeeper(t);
  await keeper.greeting('started');
  const client = await keeper.connect();
  const other = await keeper.connect();
  const id = client.execute(`print("on", flush=True)\n${untilLet}`);
  await client.until((one) => one.type === 'stream');
  const question = other.send('control', 'kernel_info_request', {});
  await other.until((one) => one.parent === question && one.content['execution_state'] === 'idle');
  assert.equal((await keeper.readState()).state, 'busy');
  await keeper.letFinish();
  await client.finished(id);
  await keeper.untilState((state) => state.state === 'idle');
});
