import assert from 'node:assert/strict';
import { lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';
import { parseErrorBody } from '../../../src/protocol/errors';
import { jupyterPaths } from '../../../src/protocol/jupyter';
import { parseKernelEvent, type KernelDetails, type KernelEvent } from '../../../src/protocol/kernels';
import { ended, isAlive, startAgent, type AgentUnderTest } from './support/agent-under-test';
import { execute, jupyterManagers, jupyterSettings } from './support/jupyter-client';

/** Connects to a kernel with the client that notebooks use. */
function connectTo(
  t: TestContext,
  agent: AgentUnderTest,
  kernel: { readonly id: string; readonly kernelspecName: string },
) {
  const { kernels } = jupyterManagers(t, jupyterSettings(t, agent.address.socket));
  const connection = kernels.connectTo({ model: { id: kernel.id, name: kernel.kernelspecName } });
  t.after(() => connection.dispose());
  return connection;
}

/** Follows the stream of kernels and keeps every event. */
function watchKernels(t: TestContext, agent: AgentUnderTest): KernelEvent[] {
  const events: KernelEvent[] = [];
  const outgoing = request({
    socketPath: agent.address.socket,
    path: `${agentPaths.kernels}?watch`,
    agent: false,
  });
  outgoing.on('response', (answer) => {
    let rest = '';
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(expectParsed(parseJson(line, parseKernelEvent)));
    });
    answer.on('error', () => undefined);
  });
  outgoing.on('error', () => undefined);
  outgoing.end();
  t.after(() => outgoing.destroy());
  return events;
}

test('a kernel starts in its environment and folder, with its session, and is listed with all that is known', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  await mkdir(join(agent.home, 'project'));
  const details = await agent.startKernel({
    workingDirectory: '~/project',
    session: { path: 'c/1/a.ipynb', name: 'a.ipynb', type: 'notebook' },
    variables: { MY_FLAVOUR: 'plain' },
  });
  assert.equal(details.workingDirectory, join(agent.home, 'project'));
  assert.equal(details.launcher, 'ipykernel');
  assert.equal(details.transport, 'ipc');
  assert.equal(details.session?.path, 'c/1/a.ipynb');
  const { text } = await execute(
    connectTo(t, agent, details),
    'import os, sys; print(os.getcwd(), os.environ["MY_FLAVOUR"], sys.prefix, os.environ["JPY_SESSION_NAME"], sep="|")',
  );
  const [folder, flavour, prefix, name] = text.trim().split('|');
  assert.equal(folder, details.workingDirectory);
  assert.equal(flavour, 'plain');
  assert.equal(prefix, (await agent.findEnvironment('ipykernel')).prefix);
  assert.equal(name, join(agent.home, 'project', 'a.ipynb'));
  const state = await agent.stateFolder();
  assert.equal(((await stat(join(state, 'kernels', details.id))).mode & 0o777).toString(8), '700');
  for (const file of await readdir(join(state, 'kernels', details.id))) {
    const { mode, isLink } = await lstat(join(state, 'kernels', details.id, file)).then((found) => ({
      mode: found.mode,
      isLink: found.isSymbolicLink(),
    }));
    // A link has no permissions of its own; what it says lies in a folder that nobody else can enter.
    if (!isLink) assert.equal((mode & 0o077).toString(8), '0', file);
  }
});

test('starting for a notebook whose kernel lives gives that kernel back, also when two ask at once', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const session = { path: 'c/1/a.ipynb', name: 'a.ipynb', type: 'notebook' };
  const [first, second] = await Promise.all([agent.startKernel({ session }), agent.startKernel({ session })]);
  assert.equal(first.id, second.id);
  assert.equal((await agent.startKernel({ session })).id, first.id);
  assert.equal((await agent.ask('GET', jupyterPaths.kernels)).text.match(/"id"/g)?.length, 1);
});

test('killing the agent touches no kernel: the next one finds it, and messages flow', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const session = { path: 'c/1/a.ipynb', name: 'a.ipynb', type: 'notebook' };
  const before = await agent.startKernel({ session });
  await execute(connectTo(t, agent, before), 'kept = 41');
  process.kill(agent.address.pid, 'SIGKILL');
  await ended(agent.address.pid);
  assert.equal(await isAlive(before.pid ?? 0), true);
  assert.equal((await agent.restart()).started, true);
  const after = await agent.kernel(before.id);
  assert.deepEqual(
    [after.pid, after.keeperPid, after.state, after.session, after.environmentName, after.gaps],
    [before.pid, before.keeperPid, 'idle', before.session, before.environmentName, []],
  );
  assert.equal((await execute(connectTo(t, agent, after), 'print(kept + 1)')).text, '42\n');
  const sessions = (await agent.ask('GET', jupyterPaths.sessions)).json as {
    path: string;
    kernel: { id: string };
  }[];
  assert.deepEqual(
    sessions.map(({ path, kernel }) => [path, kernel.id]),
    [['c/1/a.ipynb', before.id]],
  );
});

test('a keeper that is killed is replaced: the kernel goes on, and the gap is said', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const before = await agent.startKernel({});
  await execute(connectTo(t, agent, before), 'kept = 41');
  process.kill(before.keeperPid ?? 0, 'SIGKILL');
  const after = await until(
    async () => {
      const now = await agent.kernel(before.id);
      return now.keeperPid !== before.keeperPid ? now : undefined;
    },
    withDeadline(30_000, 'another keeper'),
  );
  assert.equal(after.pid, before.pid);
  assert.equal(after.gaps.length, 1);
  assert.equal((await execute(connectTo(t, agent, after), 'print(kept + 1)')).text, '42\n');
  assert.equal((await agent.ask('DELETE', `${jupyterPaths.kernels}/${before.id}`)).status, 204);
  await ended(before.pid ?? 0);
});

test('a keeper that died while there was no agent is replaced by the next agent', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const before = await agent.startKernel({ session: { path: 'p', name: 'p', type: 'notebook' } });
  process.kill(agent.address.pid, 'SIGKILL');
  await ended(agent.address.pid);
  process.kill(before.keeperPid ?? 0, 'SIGKILL');
  await ended(before.keeperPid ?? 0);
  await agent.restart();
  const after = await until(
    async () => {
      const now = await agent.kernel(before.id);
      return now.gaps.length > 0 ? now : undefined;
    },
    withDeadline(30_000, 'another keeper'),
  );
  assert.equal(after.pid, before.pid);
  assert.equal(after.session?.path, 'p');
  assert.equal((await execute(connectTo(t, agent, after), 'print(6 * 7)')).text, '42\n');
});

test('records of kernels that are gone, and of another start of the machine, are swept', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const gone = await agent.startKernel({});
  const other = await agent.startKernel({});
  const kernels = join(await agent.stateFolder(), 'kernels');
  process.kill(agent.address.pid, 'SIGKILL');
  await ended(agent.address.pid);
  for (const pid of [gone.keeperPid, gone.pid]) {
    process.kill(pid ?? 0, 'SIGKILL');
    await ended(pid ?? 0);
  }
  const record = join(kernels, other.id, 'record.json');
  const text = await readFile(record, 'utf8');
  await writeFile(record, text.replace(/"bootId":\s*"[^"]*"/, '"bootId":"another start"'));
  await agent.restart();
  assert.equal((await agent.ask('GET', jupyterPaths.kernels)).text, '[]');
  assert.deepEqual(await readdir(kernels), []);
});

test('a kernel that ended together with its keeper is shown dead, and can be started again under its id', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const before = await agent.startKernel({});
  // The kernel first, stopped, so that its keeper has no time to report it.
  process.kill(before.keeperPid ?? 0, 'SIGSTOP');
  process.kill(before.pid ?? 0, 'SIGKILL');
  await ended(before.pid ?? 0);
  process.kill(before.keeperPid ?? 0, 'SIGKILL');
  const dead = await until(
    async () => {
      const now = await agent.kernel(before.id);
      return now.state === 'dead' ? now : undefined;
    },
    withDeadline(30_000, 'the dead kernel'),
  );
  assert.equal(dead.exit?.code, undefined);
  const restarted = await agent.ask('POST', `${jupyterPaths.kernels}/${before.id}/restart`, {});
  assert.equal(restarted.status, 200);
  const after = await agent.kernel(before.id);
  assert.equal(after.state, 'idle');
  assert.equal((await execute(connectTo(t, agent, after), 'print(6 * 7)')).text, '42\n');
});

test('the stream of kernels tells of start, work and end as they happen', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const events = watchKernels(t, agent);
  const saw = (what: string, test_: (event: KernelEvent) => boolean) =>
    until(() => (events.some(test_) ? true : undefined), withDeadline(30_000, what));
  const isState = (state: KernelDetails['state']) => (event: KernelEvent) =>
    event.event === 'kernel' && event.kernel.state === state;
  await saw('the list', (event) => event.event === 'complete' && event.total === 0);
  const details = await agent.startKernel({});
  await saw('the start', isState('idle'));
  const path = join(agent.home, 'let');
  const code = `import os, time\nwhile not os.path.exists(${JSON.stringify(path)}): time.sleep(0.02)`;
  const work = execute(connectTo(t, agent, details), code);
  await saw('the work', isState('busy'));
  await writeFile(path, '');
  await work;
  await saw(
    'the memory',
    (event) => event.event === 'kernel' && (event.kernel.memoryBytes ?? 0) > 10_000_000,
  );
  await agent.ask('DELETE', `${jupyterPaths.kernels}/${details.id}`);
  await saw('the end', (event) => event.event === 'removed' && event.id === details.id);
});

test('the limit on kernels is kept, says its number, and counts living kernels only', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'], configuration: { maxKernels: 1 } });
  const { id } = await agent.findEnvironment('ipykernel');
  const first = await agent.startKernel({});
  const refused = await agent.ask('POST', agentPaths.kernels, { environmentId: id });
  assert.equal(refused.status, 409);
  const body = expectParsed(parseErrorBody(refused.json));
  assert.deepEqual([body.code, body.detail?.limit], ['kernel-limit-reached', 1]);
  assert.equal((await agent.ask('POST', jupyterPaths.kernels, {})).status, 409);
  assert.equal((await agent.ask('DELETE', `${jupyterPaths.kernels}/${first.id}`)).status, 204);
  assert.notEqual((await agent.startKernel({})).id, first.id);
});

test('an environment without ipykernel is refused with the command that installs it', async (t) => {
  const agent = await startAgent(t, { environments: ['bare'] });
  const { id, prefix } = await agent.findEnvironment('bare');
  const refused = await agent.ask('POST', agentPaths.kernels, { environmentId: id });
  assert.equal(refused.status, 409);
  const body = expectParsed(parseErrorBody(refused.json));
  assert.equal(body.code, 'kernel-package-missing');
  assert.match(body.detail?.installCommand ?? '', /install .*ipykernel/);
  assert.ok(body.detail?.installCommand?.includes(prefix));
});

test('what cannot be started is said: no such environment, no such folder, a kernel that exits at once', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const { id } = await agent.findEnvironment('ipykernel');
  const unknown = await agent.ask('POST', agentPaths.kernels, { environmentId: '0123456789abcdef' });
  assert.deepEqual(
    [unknown.status, expectParsed(parseErrorBody(unknown.json)).code],
    [404, 'environment-not-found'],
  );
  const folder = await agent.ask('POST', agentPaths.kernels, {
    environmentId: id,
    workingDirectory: '/no/such',
  });
  assert.deepEqual(
    [folder.status, expectParsed(parseErrorBody(folder.json)).code],
    [404, 'folder-not-found'],
  );
  await mkdir(join(agent.home, 'broken'));
  await writeFile(
    join(agent.home, 'broken', 'sitecustomize.py'),
    'import sys; print("no kernel today"); sys.stdout.flush(); import os; os._exit(7)',
  );
  const failed = await agent.ask('POST', agentPaths.kernels, {
    environmentId: id,
    variables: { PYTHONPATH: join(agent.home, 'broken') },
  });
  const body = expectParsed(parseErrorBody(failed.json));
  assert.deepEqual([failed.status, body.code, body.detail?.exitCode], [500, 'kernel-start-failed', 7]);
  assert.match(body.detail?.output ?? '', /no kernel today/);
  assert.equal((await agent.ask('GET', jupyterPaths.kernels)).text, '[]');
  assert.deepEqual(await readdir(join(await agent.stateFolder(), 'kernels')), []);
});

test('a kernel lives on when the agent was started from inside another Jupyter', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'], variables: { JPY_PARENT_PID: '1' } });
  const details = await agent.startKernel({ variables: { JPY_PARENT_PID: '1' } });
  const { text } = await execute(
    connectTo(t, agent, details),
    'import os, time; time.sleep(2.5); print(os.environ.get("JPY_PARENT_PID"))',
  );
  assert.equal(text, 'None\n');
  assert.equal(await isAlive(details.pid ?? 0), true);
});

test('a kernel that dies is reported dead with its signal and can be removed', async (t) => {
  const agent = await startAgent(t, { environments: ['ipykernel'] });
  const details = await agent.startKernel({});
  process.kill(details.pid ?? 0, 'SIGKILL');
  const dead = await until(
    async () => {
      const now = await agent.kernel(details.id);
      return now.state === 'dead' ? now : undefined;
    },
    withDeadline(30_000, 'the dead kernel'),
  );
  assert.equal(dead.exit?.signal, 'SIGKILL');
  assert.equal((await agent.ask('DELETE', `${jupyterPaths.kernels}/${details.id}`)).status, 204);
  await ended(details.keeperPid ?? 0);
});
