import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { exitCodes } from '../../../src/protocol/command-line';
import { parseDaemonStatus } from '../../../src/protocol/daemon-control';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { runCode } from './run-code';
import { giveEnvironment, startKernel, startSystemDaemon } from './system-daemon';

test('root sees what each user runs, from the system alone; nobody else sees any user', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await giveEnvironment(system, 'ada');
  const daemon = await startSystemDaemon(system);
  const ada = await daemon.signedIn('ada', people.ada);
  await daemon.signedIn('bob', people.bob);
  const kernelId = await startKernel(daemon, ada.token);
  await startKernel(daemon, ada.token);
  const code = 'held = bytearray(200_000_000); held[::4096] = b"x" * len(held[::4096]); print(len(held))';
  assert.match(await runCode(daemon.port, ada.token, kernelId, code), /200000000/);

  const status = await daemon.status();
  const userOf = (name: string, from = status) => from.users?.find((user) => user.name === name);
  const running = await system.processes();
  const agentOf = async (name: string) => {
    const uid = (await system.expect('id', ['-u', name])).trim();
    const mine: number[] = [];
    for (const { pid, command } of running) {
      if (!/ agent --server\b/.test(command)) continue;
      const text = await system.expect('cat', [`/proc/${pid}/status`]);
      if (text.includes(`Uid:\t${uid}\t`)) mine.push(pid);
    }
    return mine[0];
  };
  assert.deepEqual([userOf('ada')?.signIns, userOf('ada')?.kernels], [1, 2]);
  assert.equal(userOf('ada')?.agentPid, await agentOf('ada'));
  const held = userOf('ada')?.memoryBytes ?? 0;
  assert.ok(held > 200_000_000 && held < 2_000_000_000, `ada has ${held} bytes`);
  assert.deepEqual([userOf('bob')?.signIns, userOf('bob')?.kernels], [1, 0]);
  assert.equal(userOf('bob')?.agentPid, await agentOf('bob'));
  assert.equal(userOf('eve'), undefined);
  assert.equal(status.isIncomplete, undefined);
  const processOf = (role: string) => status.processes?.find((one) => one.role === role);
  assert.equal(processOf('supervisor')?.pid, status.pid);
  assert.equal(processOf('front-door')?.pid, status.frontDoorPid);
  for (const role of ['supervisor', 'front-door'])
    assert.ok((processOf(role)?.memoryBytes ?? 0) > 5_000_000, role);

  const words = await system.expect(system.nodePath, [system.programFile, 'status']);
  assert.match(words, /\n +USER +UID +SIGN-INS +AGENT +KERNELS +MEMORY\n/);
  assert.match(words, /\n +ada +\d+ +1 +\d+ +2 +\d+ MB\n/);
  const asAda = await system.run(system.nodePath, [system.programFile, 'status', '--json'], { user: 'ada' });
  assert.equal(asAda.code, exitCodes.unavailable, asAda.stdout + asAda.stderr);
  assert.doesNotMatch(asAda.stdout, /bob/);

  // What runs goes on after the sign-in, and root sees whose it is.
  assert.equal((await daemon.ask('POST', '/sign-out', ada.token)).status, 204);
  const after = await daemon.status();
  assert.deepEqual([userOf('ada', after)?.signIns, userOf('ada', after)?.kernels], [0, 2]);
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('a user who makes processes up changes only their own numbers, and cannot be another process of the daemon', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const daemon = await startSystemDaemon(system);
  await daemon.signedIn('ada', people.ada);
  await system.write('/home/eve/daemon.js', 'setInterval(() => {}, 1000);', '0755');
  for (const mode of ['keeper', 'keeper', 'front-door', 'serve', 'pam'])
    system.spawn(system.nodePath, ['/home/eve/daemon.js', mode], { user: 'eve', stdio: 'ignore' });
  const status = await until(
    async () => {
      const found = await daemon.status();
      return found.users?.find(({ name }) => name === 'eve')?.kernels === 2 ? found : undefined;
    },
    withDeadline(60_000, 'the processes that eve made up'),
    500,
  );
  const { users, processes } = status;
  assert.equal(users?.find(({ name }) => name === 'eve')?.signIns, 0);
  assert.equal(users.find(({ name }) => name === 'ada')?.kernels, 0);
  assert.deepEqual(processes?.map(({ role, pid }) => [role, pid]).slice(0, 2), [
    ['supervisor', status.pid],
    ['front-door', status.frontDoorPid],
  ]);
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('what runs in a container with the same numbers of users is not counted', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  const other = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined || other === undefined) return;
  const daemon = await startSystemDaemon(system);
  await daemon.signedIn('ada', people.ada);
  const uid = Number(await system.expect('id', ['-u', 'ada']));
  await other.write(
    '/usr/local/daemon.js',
    'process.stdout.write("ready"); setInterval(() => {}, 1000);',
    '0755',
  );
  const words = [`--reuid=${uid}`, '--clear-groups', other.nodePath, '/usr/local/daemon.js', 'keeper'];
  const keeper = other.spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  if (keeper.stdout === null) throw new Error('the process has no standard output');
  await once(keeper.stdout, 'data', { signal: withDeadline(30_000, 'the process elsewhere') });
  const status = await daemon.status();
  assert.deepEqual(
    status.users?.map(({ name, kernels }) => [name, kernels]),
    [['ada', 0]],
  );
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('with a thousand more processes of a user the status still comes, and soon', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const daemon = await startSystemDaemon(system);
  await daemon.signedIn('ada', people.ada);
  const crowd = system.spawn(
    'sh',
    ['-c', 'i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; echo ready; wait'],
    { user: 'ada', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await new Promise<void>((resolve) => crowd.stdout?.once('data', () => resolve()));
  const text = await system.expect(system.nodePath, [system.programFile, 'status', '--json']);
  const status = expectParsed(parseJson(text, parseDaemonStatus));
  assert.equal(status.isIncomplete, undefined, 'everything was read in time');
  assert.equal(status.users?.find(({ name }) => name === 'ada')?.kernels, 0);
  assert.equal(await daemon.end(), exitCodes.ok);
});
