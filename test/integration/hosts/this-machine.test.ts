import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { abortable, until, withDeadline } from '../../../src/base/time';
import { WireError } from '../../../src/protocol/errors';
import { createTestHome } from '../../support/test-home';
import { execute, findEnvironment, placeEnvironment } from './notebook-kernel';
import { createProfile, openWindow, untilState } from './window';

test('this machine needs no daemon and no sign-in: environments, a kernel, a cell, and the agent killed meanwhile', async (t) => {
  const { home, environment } = await createTestHome(t);
  await placeEnvironment(home);
  const profile = createProfile();
  const { hosts, log } = openWindow(t, { profile, environment });
  const host = hosts.get('this-machine');
  assert.ok(host);
  assert.equal(host.name, 'This machine');
  const signal = withDeadline(60_000, 'the test');

  const outcome = await hosts.connect(host.id, { signal });
  assert.deepEqual(outcome, { kind: 'connected' }, log.join('\n'));
  assert.equal(host.state.kind, 'connected');
  assert.ok((host.roundTripMs ?? 1e9) < 5_000);
  const { agent } = host;
  assert.equal(agent.hello?.homeFolder, home);

  const found = await findEnvironment(host);
  await until(() => (agent.environments.freshness === 'current' ? true : undefined), signal);
  const details = await agent.startKernel({ environmentId: found.id }, signal);
  await until(() => agent.kernels.get(details.id), signal);
  const kernel = agent.openKernel(details.id, randomUUID());
  t.after(() => kernel.dispose());
  assert.equal(await execute(kernel.connection, 'x = 20\nprint("hello", x)'), 'hello 20\n');
  assert.equal(kernel.isOpen, true);

  // The agent dies without a word; the kernel and its keeper stay.
  const before = agent.hello;
  const agentPid = Number(
    /process (\d+)/.exec(log.find((line) => line.includes('the agent, process')) ?? '')?.[1],
  );
  const opens: boolean[] = [];
  kernel.onDidChangeOpen((isOpen) => opens.push(isOpen));
  process.kill(agentPid, 'SIGKILL');
  await until(() => (agent.hello?.startId === before.startId ? undefined : true), signal);
  await untilState(host, 'connected');
  assert.equal(await execute(kernel.connection, 'print(x + 22)'), '42\n');
  assert.deepEqual(opens, [false, true]);

  await agent.interruptKernel(details.id, signal);
  const ended = new Promise<unknown>((resolve) => kernel.onDidEnd(resolve));
  await agent.shutDownKernel(details.id, signal);
  await abortable(ended, withDeadline(10_000, 'the end of the kernel'));
  assert.equal(await agent.findKernel(details.id, signal), undefined);
  await assert.rejects(
    agent.startKernel({ environmentId: '0123456789abcdef' }, signal),
    (error) => error instanceof WireError && error.code === 'environment-not-found',
  );
  const folders = await agent.listFolders('~', signal);
  assert.equal(folders.path, home);

  hosts.disconnect(host.id);
  assert.equal(agent.isAttached, false);
  assert.equal(agent.environments.freshness, 'stale');
  await assert.rejects(agent.listFolders('~', signal), { code: 'lost' });
});
