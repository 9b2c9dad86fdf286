import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import { FrontDoorChild } from '../../../src/daemon/command-line/many-users/front-door-child';
import type { FrontDoorEvent, FrontDoorOrder } from '../../../src/protocol/front-door-process';

const floods: readonly [what: string, event: FrontDoorEvent, atMost: number][] = [
  ['that it cannot do its work', { event: 'failed', message: 'x'.repeat(600) }, 1],
  ['that its place was refused', { event: 'place-refused', message: 'x'.repeat(600) }, 300],
  ['how many connections it has', { event: 'connections', all: 1, signedIn: 1 }, 300],
];

for (const [what, event, atMost] of floods) {
  test(`a front door that says without end ${what} is heard a few times and ended`, async (t) => {
    const script = `const many=(${JSON.stringify(JSON.stringify(event))}+'\\n').repeat(50);process.stdin.resume();(function go(){while(process.stdout.write(many));process.stdout.once('drain',go)})();`;
    const child = new FrontDoorChild({
      command: [process.execPath, '-e', script],
      variables: {},
      order: () => ({}) as FrontDoorOrder,
      serveChannel: () => ({ closed: new Promise<string>(() => undefined), dispose: () => undefined }),
      endRemains: () => Promise.resolve(0),
      backoff: { firstMs: 600_000, capMs: 600_000, jitter: 0 },
      log: silentLogger,
    });
    t.after(() => child.dispose());
    const ended: string[] = [];
    let heard = 0;
    child.onEvent(() => (heard += 1));
    child.onEnded((how) => ended.push(how));
    child.start();
    await until(() => ended[0], withDeadline(60_000, 'the end of the front door'));
    assert.deepEqual(ended, ['SIGKILL']);
    assert.ok(heard > 0 && heard <= atMost, `${heard} events`);
  });
}
