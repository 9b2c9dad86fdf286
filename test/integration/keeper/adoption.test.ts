import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSameProcess, processStartTime } from '../../../src/daemon/platform/processes';
import { keeperPaths } from '../../../src/protocol/keeper';
import { adoptKernel, startKeeper, untilLet, type DrivenKeeper } from './driven-keeper';

for (const [transport, python] of [
  ['ipc', 'ipykernel'],
  ['tcp', 'ipykernel-6'],
] as const) {
  test(`a kernel whose keeper was killed is adopted with its variables (${python} over ${transport})`, async (t) => {
    const first = await startKeeper(t, { transport, python, settings: { keepIdleForHours: 5 } });
    const { state } = await first.greeting('started');
    const client = await first.connect();
    await client.run('x = 42');
    process.kill(first.pid, 'SIGKILL');
    await first.exited();
    assert.ok((await client.closed()).code === 1006);
    const second = await adoptKernel(t, first);
    const adopted = (await second.greeting('started')).state;
    assert.equal(adopted.pid, state.pid);
    assert.equal(adopted.gaps.length, 1);
    assert.equal(adopted.startedAt, state.startedAt);
    await second.untilState((one) => one.state === 'idle');
    const back = await second.connect({ session: client.session });
    const { outputs } = await back.run('x');
    assert.deepEqual(outputs.find((one) => one.type === 'execute_result')?.content['data'], {
      'text/plain': '42',
    });
    process.kill(state.pid ?? 0, 'SIGKILL');
    const dead = await second.untilState((one) => one.state === 'dead');
    assert.equal(dead.exit?.code, undefined, 'nobody is its parent, so its exit code is not known');
    assert.equal(dead.exit?.signal, undefined);
    await second.post(keeperPaths.restart);
    assert.equal((await back.run('1')).reply.content['status'], 'ok');
    await second.post(keeperPaths.shutdown);
    assert.equal(await second.exited(), 0);
    assert.equal(existsSync(second.order.stateFolder), false);
  });
}

test('a kernel that works on a cell while it is adopted is busy until that is done', async (t) => {
  const first = await startKeeper(t);
  await first.greeting('started');
  const client = await first.connect();
  client.execute(`print("on", flush=True)\n${untilLet}y = 1`);
  await client.until((one) => one.type === 'stream');
  process.kill(first.pid, 'SIGKILL');
  await first.exited();
  const second = await adoptKernel(t, first);
  assert.equal((await second.greeting('started')).state.state, 'busy');
  await second.letFinish();
  await second.untilState((one) => one.state === 'idle');
  const back = await second.connect();
  assert.equal((await back.run('y')).reply.content['status'], 'ok');
});

test('a cell that waits for input is answered through the keeper that adopted it', async (t) => {
  const first = await startKeeper(t);
  await first.greeting('started');
  const client = await first.connect();
  const id = client.execute('print("hello", input())', { allow_stdin: true });
  const question = await client.until((one) => one.type === 'input_request');
  process.kill(first.pid, 'SIGKILL');
  await first.exited();
  const second = await adoptKernel(t, first);
  await second.greeting('started');
  const back = await second.connect({ session: client.session });
  back.send('stdin', 'input_reply', { value: 'Ada' }, { parent: question.header });
  await back.finished(id);
  assert.equal(back.printed(id), 'hello Ada\n');
});

test('a keeper that is asked to end leaves its kernel, which another one adopts', async (t) => {
  const first = await startKeeper(t);
  const { state } = await first.greeting('started');
  const client = await first.connect();
  await client.run('x = 1');
  const identity = { pid: state.pid ?? 0, startTime: (await processStartTime(state.pid ?? 0)) ?? '' };
  process.kill(first.pid, 'SIGTERM');
  assert.equal(await first.exited(), 0);
  assert.equal((await client.closed()).code, 1012, 'a code after which clients try again');
  assert.ok(await isSameProcess(identity));
  assert.ok(existsSync(join(first.order.stateFolder, 'record.json')));
  const second = await adoptKernel(t, first);
  await second.greeting('started');
  const back = await second.connect();
  assert.equal((await back.run('x')).reply.content['status'], 'ok');
});

test('a kernel that has ended meanwhile is not adopted, and nothing of it is left', async (t) => {
  const first = await startKeeper(t);
  const { state } = await first.greeting('started');
  process.kill(first.pid, 'SIGKILL');
  await first.exited();
  process.kill(state.pid ?? 0, 'SIGKILL');
  const second = await adoptKernel(t, first);
  assert.notEqual(await second.exited(), 0);
  const last = second.greetings.at(-1);
  assert.ok(last?.event === 'failed');
  assert.match(last.message, /has ended before a keeper could adopt it/);
  assert.equal(existsSync(first.order.stateFolder), false);
});

for (const [cause, wrapper] of [
  ['its socket is obstructed', []],
  ['nothing can be written', ['prlimit', '--fsize=0']],
] as const) {
  test(`an adoption that fails because ${cause} leaves the kernel and its files for the next one`, async (t) => {
    const first = await startKeeper(t);
    await first.greeting('started');
    const client = await first.connect();
    await client.run('x = 7');
    process.kill(first.pid, 'SIGKILL');
    await first.exited();
    if (wrapper.length === 0) {
      await unlink(first.socket);
      await writeFile(first.socket, '');
    }
    const failing = await adoptKernel(t, first, wrapper);
    assert.notEqual(await failing.exited(), 0);
    assert.equal(failing.greetings.at(-1)?.event, 'failed');
    if (wrapper.length === 0) await unlink(first.socket);
    const second = await adoptKernel(t, first);
    await second.greeting('started');
    const back = await second.connect();
    assert.equal((await back.run('x')).reply.content['status'], 'ok');
  });
}

test('of two keepers that adopt a kernel at once one gets it and the other touches nothing', async (t) => {
  const first = await startKeeper(t);
  const { state } = await first.greeting('started');
  let gone = first;
  // The second round begins with the claim of a keeper that came by adoption and was killed.
  for (let round = 0; round < 2; round += 1) {
    process.kill(gone.pid, 'SIGKILL');
    await gone.exited();
    const both = await Promise.all([adoptKernel(t, first), adoptKernel(t, first)]);
    const outcomes = await Promise.all(both.map((one) => outcomeOf(one)));
    assert.deepEqual([...outcomes].sort(), ['failed', 'started']);
    const winner = both[outcomes.indexOf('started')] ?? first;
    const loser = both[outcomes.indexOf('failed')] ?? first;
    assert.notEqual(await loser.exited(), 0);
    const told = await winner.readState();
    assert.equal(told.keeperPid, winner.pid);
    assert.equal(told.pid, state.pid);
    assert.ok(existsSync(join(first.order.stateFolder, 'record.json')));
    gone = winner;
  }
  await gone.post(keeperPaths.shutdown);
  assert.equal(await gone.exited(), 0);
  assert.equal(existsSync(first.order.stateFolder), false);
});

function outcomeOf(keeper: DrivenKeeper): Promise<string> {
  return keeper.greeting('started').then(
    () => 'started',
    () => keeper.greetings.at(-1)?.event ?? '',
  );
}
