import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';
import { exitCodes } from '../../../src/protocol/command-line';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { openStream } from './open-stream';
import { startSystemDaemon, type SystemDaemon } from './system-daemon';

const configurationFile = '/etc/remote-kernels/config.json';

/** Long enough for a small machine under load, and much shorter than the minute after which a front door asks by itself. */
const atOnceMs = 30_000;

/** Writes the file, asks the daemon to read it, and waits until the log says what is expected. */
async function reload(system: PrivateSystem, daemon: SystemDaemon, text: string, expected: RegExp) {
  await system.write(configurationFile, text);
  const before = daemon.words().length;
  daemon.child.kill('SIGHUP');
  return until(
    () => {
      const said = daemon.words().slice(before);
      return expected.test(said) ? said : undefined;
    },
    withDeadline(atOnceMs, `${String(expected)} in the log`),
  );
}

test('a reload that denies a user ends their open connections at once, and nobody else’s', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const daemon = await startSystemDaemon(system);
  const ada = await daemon.signedIn('ada', people.ada);
  const bob = await daemon.signedIn('bob', people.bob);
  const [adas, bobs] = [await openStream(daemon.port, ada.token), await openStream(daemon.port, bob.token)];
  t.after(() => bobs.destroy());
  const closed = once(adas, 'close');
  await reload(system, daemon, '{"denyUsers":["ada"]}', /the configuration was reloaded/);
  await Promise.race([
    closed,
    until<never>(() => undefined, withDeadline(atOnceMs, 'the end of the connection')),
  ]);
  assert.equal((await daemon.ask('GET', agentPaths.hello, ada.token)).status, 401);
  assert.equal((await daemon.signIn('ada', people.ada)).status, 401);
  assert.match(daemon.words(), /the sign-ins of ada .* end: .*denyUsers/);
  assert.equal(bobs.destroyed, false);
  assert.equal((await daemon.ask('GET', agentPaths.hello, bob.token)).status, 200);
  assert.deepEqual(
    (await daemon.status()).users?.filter(({ signIns }) => signIns > 0).map(({ name }) => name),
    ['bob'],
  );

  await reload(system, daemon, '{"allowUsers":["ada"]}', /the sign-ins of bob .* end: .*allowUsers/);
  await until(() => (bobs.destroyed ? true : undefined), withDeadline(atOnceMs, 'the end of the other'));
  assert.equal((await daemon.ask('GET', agentPaths.hello, bob.token)).status, 401);
  assert.equal(
    (await daemon.ask('GET', agentPaths.hello, ada.token)).status,
    401,
    'a sign-in that ended stays so',
  );
  assert.equal((await daemon.signIn('ada', people.ada)).status, 200, 'and another one is possible again');
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('a file with mistakes leaves everything as it was, and the log names each with its line', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.write(configurationFile, '{"denyUsers":["bob"]}');
  const daemon = await startSystemDaemon(system);
  const ada = await daemon.signedIn('ada', people.ada);
  const before = await daemon.status();
  const bad = '{\n  "denyUser": ["ada"],\n  "environments": { "groups": { "staff": "none" } }\n}\n';
  const said = await reload(system, daemon, bad, /config\.json:3:[\s\S]*none/);
  assert.match(said, /the one before stays in force/);
  assert.match(said, /config\.json:2:3: there is no key "denyUser"; did you mean "denyUsers"\?/);
  assert.match(said, /config\.json:3:42: "environments\.groups\.staff": .*\("list" \| "administer"\)/);
  const unread = await reload(system, daemon, '{"denyUsers":["ada"]', /config\.json:1:21: .*closing \}/);
  assert.match(unread, /stays in force/);
  await system.expect('chown', ['ada', configurationFile]);
  await system.expect('rm', [configurationFile]);
  const hangUp = async (expected: string) => {
    daemon.child.kill('SIGHUP');
    const isSaid = () => (daemon.words().includes(expected) ? true : undefined);
    await until(isSaid, withDeadline(atOnceMs, `"${expected}" in the log`));
  };
  await hangUp('config.json: it is not there any more');
  await system.expect('ln', ['-s', '/nonexistent/config.json', configurationFile]);
  await hangUp('config.json is a link to nowhere');
  assert.equal((await daemon.signIn('bob', people.bob)).status, 401, 'what was denied before still is');
  await system.expect('rm', [configurationFile]);
  await system.expect('mkdir', [configurationFile]);
  daemon.child.kill('SIGHUP');
  await until(
    () => (daemon.words().includes('it is not a file') ? true : undefined),
    withDeadline(atOnceMs, 'a word about the folder'),
  );
  assert.equal((await daemon.ask('GET', agentPaths.hello, ada.token)).status, 200);
  assert.equal((await daemon.signIn('bob', people.bob)).status, 401, 'what was denied before still is');
  assert.equal((await daemon.status()).frontDoorPid, before.frontDoorPid);
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('how much is logged changes with a reload, in the supervisor and in the front door', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.write(configurationFile, '{"logLevel":"error"}');
  const daemon = await startSystemDaemon(system);
  const ada = await daemon.signedIn('ada', people.ada);
  assert.doesNotMatch(daemon.words(), /signed in as ada/);
  // At this level the daemon says nothing of the reload itself until it has another one.
  await reload(system, daemon, '{"logLevel":"debug"}', /the configuration was reloaded/);
  await until(
    async () => {
      await daemon.ask('GET', '/none', ada.token);
      return /\[front door\].*4\/4: requests go to the agent/.test(daemon.words()) ? true : undefined;
    },
    withDeadline(atOnceMs, 'words of the front door'),
  );
  await daemon.signedIn('bob', people.bob);
  assert.match(daemon.words(), /signed in as bob/);
  await reload(system, daemon, '{"logLevel":"info"}', /the configuration was reloaded/);
  const quiet = daemon.words().length;
  await daemon.ask('GET', agentPaths.hello, ada.token);
  assert.doesNotMatch(daemon.words().slice(quiet), /debug/i);
  assert.equal(await daemon.end(), exitCodes.ok);
});

test('another name is shown and announced without another front door or the end of a connection', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.write(configurationFile, '{"name":"first"}');
  const daemon = await startSystemDaemon(system, [], { isAnnounced: true });
  const ada = await daemon.signedIn('ada', people.ada);
  const stream = await openStream(daemon.port, ada.token);
  t.after(() => stream.destroy());
  const announcedAs = (name: string) =>
    until(
      () => {
        const last = daemon.events.findLast(({ event }) => event === 'announcing');
        return last?.event === 'announcing' && last.name.includes(name) ? true : undefined;
      },
      withDeadline(60_000, `the announcement of ${name}`),
    );
  await announcedAs('first');
  const before = await daemon.status();
  await reload(system, daemon, '{"name":"second"}', /the configuration was reloaded/);
  await announcedAs('second');
  const { text } = await daemon.ask('GET', '/.well-known/remote-kernels');
  assert.equal((JSON.parse(text) as { name: string }).name, 'second');
  const after = await daemon.status();
  assert.equal(after.name, 'second');
  assert.match(after.announcedAs ?? '', /second/);
  assert.equal(after.frontDoorPid, before.frontDoorPid);
  assert.equal(stream.destroyed, false);
  assert.equal(await daemon.end(), exitCodes.ok);
});
