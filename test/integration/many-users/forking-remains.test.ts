import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { abortable, withDeadline } from '../../../src/base/time';
import { endProcessesOfUser } from '../../../src/daemon/platform/end-processes-of-user';
import { PrivateSystem } from '../../support/private-system';

const rounds = 8;
/** Others on the machine, which make a look at all processes take its time. */
const others =
  'import os, time\nfor _ in range(500):\n if os.fork() == 0: break\nprint("ready", flush=True)\ntime.sleep(3600)';

test('processes that start the next one and end without pause are ended, or said to be left', async (t) => {
  const system = await PrivateSystem.start(t);
  if (system === undefined) return;
  const uid = Number(await system.expect('id', ['-u', 'remote-kernels']));
  const program = join(dirname(system.programFile), 'forking-remains.py');
  await copyFile(join(import.meta.dirname, 'forking-remains.py'), system.outside(program));
  const crowd = system.spawn('python3', ['-c', others], {
    user: 'bob',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(crowd.stdout);
  await once(crowd.stdout, 'data', { signal: withDeadline(60_000, 'the others') });
  const asUser = ['--reuid=remote-kernels', '--regid=remote-kernels', '--clear-groups', '--no-new-privs'];
  let turns = 0;
  for (let round = 0; round < rounds; round += 1) {
    const words = [...asUser, 'python3', program, String(1 + (round % 3))];
    const chain = system.spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.ok(chain.stdout);
    // Ends when the last one that has it open does.
    const { stdout } = chain;
    const closed = new Promise<void>((resolve) => stdout.once('close', resolve));
    await once(chain.stdout, 'data', { signal: withDeadline(60_000, 'the first process') });
    chain.stdout.resume();
    const count = setInterval(() => (turns += 1), 1);
    let left = await endProcessesOfUser(uid);
    t.diagnostic(`round ${round}: ${left.length} said to be left`);
    for (let again = 0; left.length > 0 && again < 10; again += 1) left = await endProcessesOfUser(uid);
    clearInterval(count);
    assert.deepEqual(left, [], 'none can go on for ever');
    await abortable(closed, withDeadline(20_000, 'the end of what is said to have ended'));
  }
  assert.ok(turns > rounds, 'other work has its turns meanwhile');
});
