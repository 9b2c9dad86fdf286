import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths, parseHello } from '../../../src/protocol/agent';
import { exitCodes } from '../../../src/protocol/command-line';
import { parseEnvironmentEvent } from '../../../src/protocol/environments';
import { parseKernelDetails } from '../../../src/protocol/kernels';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { runCode } from './run-code';
import { giveEnvironment, processStatus, startSystemDaemon } from './system-daemon';

test('people sign in with their password and work as themselves, whatever becomes of the front door', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await giveEnvironment(system, 'ada');
  const daemon = await startSystemDaemon(system);
  assert.equal((await daemon.signIn('ada', 'not her password')).status, 401);
  const ada = await daemon.signedIn('ada', people.ada);
  const bob = await daemon.signedIn('bob', people.bob);
  assert.equal(ada.user, 'ada');

  const userOf = async (token: string) => {
    const { status, text } = await daemon.ask('GET', agentPaths.hello, token);
    assert.equal(status, 200, text);
    return expectParsed(parseJson(text, parseHello)).user;
  };
  assert.equal(await userOf(ada.token), 'ada');
  assert.equal(await userOf(bob.token), 'bob');
  assert.equal((await daemon.ask('GET', agentPaths.hello)).status, 401);

  const listed = await daemon.ask('GET', agentPaths.environments, ada.token);
  const environments = listed.text
    .trim()
    .split('\n')
    .map((line) => expectParsed(parseJson(line, parseEnvironmentEvent)))
    .flatMap((event) => (event.event === 'environment' ? [event.environment] : []));
  const environment = environments.find(({ prefix }) => prefix === '/home/ada/.virtualenvs/ipykernel');
  assert.ok(environment, listed.text);
  const started = await daemon.ask('POST', agentPaths.kernels, ada.token, { environmentId: environment.id });
  assert.ok(started.status < 300, started.text);
  const kernel = expectParsed(parseJson(started.text, parseKernelDetails));
  const code = 'import subprocess; print(subprocess.getoutput("whoami; id -u; id -G"))';
  const expected = await system.expect('sh', ['-c', 'whoami; id -u; id -G'], { user: 'ada' });
  assert.equal((await runCode(daemon.port, ada.token, kernel.id, code)).trim(), expected.trim());
  const asBob = await daemon.ask('GET', `${agentPaths.kernels}/${kernel.id}`, bob.token);
  assert.equal(asBob.status, 404, 'the kernel of ada is not to be found with the token of bob');

  const status = await daemon.status();
  assert.deepEqual(status.users?.map(({ name }) => name).sort(), ['ada', 'bob']);
  const killed = status.frontDoorPid;
  assert.ok(killed !== undefined);
  await system.expect('kill', ['-9', String(killed)]);
  const again = await until(
    () => (daemon.events.filter(({ event }) => event === 'listening').length > 1 ? true : undefined),
    withDeadline(30_000, 'another front door'),
  );
  assert.ok(again);
  assert.equal(await userOf(ada.token), 'ada', 'the sign-in outlives the front door');
  assert.notEqual((await daemon.status()).frontDoorPid, killed);
  assert.equal((await runCode(daemon.port, ada.token, kernel.id, 'print(6 * 7)')).trim(), '42');

  assert.equal((await daemon.ask('POST', '/sign-out', ada.token)).status, 204);
  assert.equal((await daemon.ask('GET', agentPaths.hello, ada.token)).status, 401);
  assert.equal(await userOf(bob.token), 'bob');
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('the front door has no rights, and the supervisor no network', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const daemon = await startSystemDaemon(system);
  const { frontDoorPid, pid } = await daemon.status();
  assert.ok(frontDoorPid !== undefined);
  const uid = (await system.expect('id', ['-u', 'remote-kernels'])).trim();
  assert.deepEqual(await processStatus(system, frontDoorPid, 'Uid'), [uid, uid, uid, uid]);
  assert.deepEqual((await processStatus(system, frontDoorPid, 'Groups')).join(''), '');
  const threads = await system.expect('sh', ['-c', `cat /proc/${frontDoorPid}/task/*/status`]);
  const valuesOf = (name: string) =>
    new Set(Array.from(threads.matchAll(new RegExp(`^${name}:\\t(.*)$`, 'gm')), ([, value]) => value));
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
    assert.deepEqual([...valuesOf(set)], ['0000000000000000'], set);
  assert.deepEqual([...valuesOf('Uid')], [`${uid}\t${uid}\t${uid}\t${uid}`]);
  assert.deepEqual([...valuesOf('NoNewPrivs')], ['1']);
  // CAP_SETUID and CAP_SETGID, which it began with, and which no program can give it without new privileges.
  assert.deepEqual([...valuesOf('CapBnd')], ['00000000000000c0']);

  assert.deepEqual(await processStatus(system, pid, 'Uid'), ['0', '0', '0', '0']);
  const sockets = await system.expect('ss', ['-H', '-tulnp']);
  const holders = sockets.split('\n').filter((line) => line.includes(`pid=${pid},`));
  assert.deepEqual(holders, []);
  assert.ok(sockets.includes(`pid=${frontDoorPid},`), 'the front door is among those that listen');

  const arguments_ = await system.expect('cat', [`/proc/${frontDoorPid}/cmdline`]);
  const environment = await system.expect('cat', [`/proc/${frontDoorPid}/environ`]);
  assert.doesNotMatch(arguments_ + environment, /BEGIN/);
  assert.doesNotMatch(environment, /root/);
  assert.doesNotMatch(daemon.words(), /BEGIN/);
  const modeOf = async (path: string) => ((await stat(system.outside(path))).mode & 0o7777).toString(8);
  assert.equal(await modeOf('/var/lib/remote-kernels'), '700');
  assert.equal(await modeOf('/run/remote-kernels'), '711');
  assert.equal(await modeOf('/run/remote-kernels/control.sock'), '600');
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('a reload takes the name at once, and a bad file changes nothing', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.write('/etc/remote-kernels/config.json', '{ "name": "first" }');
  const daemon = await startSystemDaemon(system);
  const nameShown = async () =>
    (JSON.parse((await daemon.ask('GET', '/.well-known/remote-kernels')).text) as { name: string }).name;
  assert.equal(await nameShown(), 'first');
  const before = await daemon.status();
  await system.write('/etc/remote-kernels/config.json', '{ "name": "second" }');
  daemon.child.kill('SIGHUP');
  const deadline = withDeadline(30_000, 'the other name');
  await until(async () => ((await nameShown()) === 'second' ? true : undefined), deadline);
  await system.write('/etc/remote-kernels/config.json', '{ "nmae": "third" }');
  daemon.child.kill('SIGHUP');
  await until(
    () => (daemon.words().includes('the one before stays in force') ? true : undefined),
    withDeadline(30_000, 'the complaint'),
  );
  assert.equal(await nameShown(), 'second');
  assert.equal((await daemon.status()).frontDoorPid, before.frontDoorPid, 'the same front door all the time');
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('it does not start where others could have a hand in it', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const serve = (environment: Record<string, string> = {}) =>
    system.run(system.nodePath, [system.programFile, 'serve', '--json', '--port', '0'], { environment });
  const cases: (readonly [string, () => Promise<unknown>, RegExp])[] = [
    ['an environment that steers Node', () => Promise.resolve(), /NODE_OPTIONS/],
    ['a file that others can write', () => system.expect('chmod', ['o+w', system.programFile]), /chmod go-w/],
    [
      'no PAM file',
      () => system.expect('rm', ['/etc/pam.d/remote-kernels']),
      /pam\.d.*remote-kernels install/,
    ],
    [
      'no system user',
      () => system.expect('userdel', ['remote-kernels']),
      /system user.*remote-kernels install/,
    ],
  ];
  for (const [name, spoil, words] of cases) {
    await spoil();
    const { code, stderr } = await serve(
      name.startsWith('an environment') ? { NODE_OPTIONS: '--no-warnings' } : {},
    );
    assert.equal(code, exitCodes.configuration, `${name}: ${stderr}`);
    assert.match(stderr, words, name);
    await system.expect('chmod', ['o-w', system.programFile]);
    await system.write('/etc/pam.d/remote-kernels', plainPamFile);
  }
});
