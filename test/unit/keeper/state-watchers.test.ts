import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { StateWatchers } from '../../../src/daemon/keeper/state-watchers';
import type { KeeperState } from '../../../src/protocol/keeper';

/** An agent's stream of which nothing is read until it is drained. */
class UnreadResponse extends EventEmitter {
  readonly lines: string[] = [];
  writableLength = 1024 * 1024;
  writeHead(): void {
    this.emit('head');
  }
  write(line: string): void {
    this.lines.push(line);
  }
  destroy(): void {
    this.emit('close');
  }
}

test('an agent that does not read is waited for once, however often the state changes, and then told', async () => {
  let reads = 0;
  const watchers = new StateWatchers(() => Promise.resolve({ restarts: (reads += 1) } as KeeperState));
  const response = new UnreadResponse();
  await watchers.add(response as unknown as ServerResponse);
  for (let change = 0; change < 3; change += 1) {
    const before = reads;
    watchers.notify();
    await until(() => reads > before || undefined, withDeadline(5000, 'the next state'), 1);
    await Promise.resolve();
  }
  assert.equal(response.listenerCount('drain'), 1);
  assert.equal(response.lines.length, 1);
  response.writableLength = 0;
  response.emit('drain');
  await until(() => (response.lines.length === 2 ? true : undefined), withDeadline(5000, 'the line'), 1);
  assert.equal(response.listenerCount('drain'), 0);
  watchers.dispose();
});
