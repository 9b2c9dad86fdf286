import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchNetwork } from '../../../src/extension/hosts/network-watcher';
import { ManualClock } from './manual-clock';

test('a change of addresses and a jump of the clock are told apart, and quiet is quiet', () => {
  const clock = new ManualClock();
  let network = 'eth0 1.2.3.4';
  const heard: string[] = [];
  const watcher = watchNetwork(
    clock,
    (reason) => heard.push(reason),
    () => network,
  );
  clock.advance(20_000);
  assert.deepEqual(heard, []);
  network = 'wlan0 5.6.7.8';
  clock.advance(5_000);
  assert.deepEqual(heard, ['network']);
  clock.sleep(3600_000);
  assert.deepEqual(heard, ['network', 'sleep']);
  clock.advance(20_000);
  assert.deepEqual(heard, ['network', 'sleep']);
  watcher.dispose();
  network = '';
  clock.advance(60_000);
  assert.equal(heard.length, 2);
});
