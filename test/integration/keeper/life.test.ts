import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { keeperPaths } from '../../../src/protocol/keeper';
import { isSameProcess, processStartTime } from '../../../src/daemon/platform/processes';
import { startKeeper } from './driven-keeper';

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
