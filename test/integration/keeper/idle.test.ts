import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { delay } from '../../../src/base/time';
import { processStartTime } from '../../../src/daemon/platform/processes';
import { startKeeper, untilLet } from './driven-keeper';

/** One second, in the unit of the setting. */
const oneSecond = 1 / 3600;

test('an idle kernel ends by itself when its settings say so, but not while it works or has a client', async (t) => {
  const keeper = await startKeeper(t);
  const { state } = await keeper.greeting('started');
  const client = await keeper.connect();
  await client.run('1');
  await keeper.change({ keepIdleForHours: oneSecond });
  // The promise is that nothing happens in this time, so there is nothing else to wait for.
  await delay(1500);
  assert.equal((await keeper.readState()).state, 'idle', 'a client is connected');
  client.execute(untilLet);
  await keeper.untilState((one) => one.state === 'busy');
  client.terminate();
  await keeper.untilState((one) => one.connections === 0);
  await delay(1200);
  assert.equal((await keeper.readState()).state, 'busy', 'it works');
  await keeper.letFinish();
  assert.equal(await keeper.exited(), 0);
  assert.equal(await processStartTime(state.pid ?? 0), undefined);
  assert.equal(existsSync(keeper.order.stateFolder), false);
});
