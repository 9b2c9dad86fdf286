import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { agentPaths, parseHello } from '../../../src/protocol/agent';
import { parseEnvironmentEvent } from '../../../src/protocol/environments';
import { parseErrorBody } from '../../../src/protocol/errors';
import { people, plainPamFile, PrivateSystem } from '../../support/private-system';
import { startSystemDaemon, type SystemDaemon } from './system-daemon';

const configurationFile = '/etc/remote-kernels/config.json';

async function ruleOf(daemon: SystemDaemon, token: string) {
  const { status, text } = await daemon.ask('GET', agentPaths.hello, token);
  assert.equal(status, 200, text);
  return expectParsed(parseJson(text, parseHello)).environments;
}

async function jobsOf(daemon: SystemDaemon, token: string, method = 'GET') {
  const { status, text } = await daemon.ask(method, agentPaths.jobs, token);
  const body = parseJson(text, parseErrorBody);
  return { status, code: body.ok ? body.value.code : undefined, text };
}

/** What starting a kernel without ipykernel is refused with, in the user's own bare environment. */
async function refusalWithoutPackage(daemon: SystemDaemon, token: string, prefix: string) {
  const listed = await daemon.ask('GET', agentPaths.environments, token);
  const found = listed.text
    .trim()
    .split('\n')
    .map((line) => expectParsed(parseJson(line, parseEnvironmentEvent)))
    .flatMap((event) => (event.event === 'environment' ? [event.environment] : []))
    .find((environment) => environment.prefix === prefix);
  assert.ok(found, `a user whatever the rule sees ${prefix}: ${listed.text}`);
  const { text } = await daemon.ask('POST', agentPaths.kernels, token, { environmentId: found.id });
  const body = expectParsed(parseJson(text, parseErrorBody));
  assert.equal(body.code, 'kernel-package-missing', text);
  return body;
}

test('who may change environments follows the groups of the account, and a reload reaches running agents at once', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.expect('groupadd', ['data-admins']);
  await system.expect('groupadd', ['students']);
  await system.expect('usermod', ['--append', '--groups', 'students', 'ada']);
  await system.expect('usermod', ['--append', '--groups', 'students,data-admins', 'bob']);
  const rules = { default: 'administer', groups: { students: 'list', 'data-admins': 'administer' } };
  await system.write(configurationFile, JSON.stringify({ environments: rules }));
  const prefix = '/home/ada/.virtualenvs/bare';
  await system.expect('mkdir', ['-p', '/home/ada/.virtualenvs'], { user: 'ada' });
  await system.expect('/usr/bin/python3', ['-m', 'venv', '--without-pip', prefix], { user: 'ada' });

  const daemon = await startSystemDaemon(system);
  const ada = await daemon.signedIn('ada', people.ada);
  const bob = await daemon.signedIn('bob', people.bob);
  const eve = await daemon.signedIn('eve', people.eve);
  assert.equal(await ruleOf(daemon, ada.token), 'list', 'the rule of her group');
  assert.equal(await ruleOf(daemon, bob.token), 'administer', 'the most permissive of his groups');
  assert.equal(await ruleOf(daemon, eve.token), 'administer', 'the default');

  for (const method of ['GET', 'POST', 'DELETE']) {
    const refused = await jobsOf(daemon, ada.token, method);
    assert.deepEqual([refused.status, refused.code], [403, 'environments-list-only'], method);
    assert.match(refused.text, /administrator of .* lets you list environments and not change them/);
  }
  assert.equal((await jobsOf(daemon, bob.token)).status, 200);
  const refusal = await refusalWithoutPackage(daemon, ada.token, prefix);
  assert.deepEqual(refusal.detail, { environments: 'list' });
  assert.match(refusal.message, /administrator/);

  const agents = async () =>
    (await system.processes())
      .filter(({ command }) => / agent --server\b/.test(command))
      .map(({ pid }) => pid);
  const before = await agents();
  assert.equal(before.length, 3);
  await system.write(
    configurationFile,
    JSON.stringify({ environments: { default: 'list', groups: { students: 'administer' } } }),
  );
  daemon.child.kill('SIGHUP');
  await until(
    async () => ((await ruleOf(daemon, ada.token)) === 'administer' ? true : undefined),
    withDeadline(30_000, 'the other rule'),
  );
  assert.equal((await jobsOf(daemon, ada.token)).status, 200);
  assert.match(
    (await refusalWithoutPackage(daemon, ada.token, prefix)).detail?.installCommand ?? '',
    /ipykernel/,
  );
  assert.equal(await ruleOf(daemon, bob.token), 'administer');
  assert.equal(await ruleOf(daemon, eve.token), 'list');
  assert.equal((await jobsOf(daemon, eve.token)).code, 'environments-list-only');
  assert.deepEqual(await agents(), before, 'the agents are the same all the time');

  await system.write(configurationFile, JSON.stringify({ environments: 'list' }));
  daemon.child.kill('SIGHUP');
  const answers = async (user: string) => {
    const listed = await system.run(
      'sh',
      [
        '-c',
        `curl -s -o /dev/null -w '%{http_code}' --unix-socket "$(find -L ~/.remote-kernels -name agent.sock | head -n 1)" http://localhost${agentPaths.jobs}`,
      ],
      { user },
    );
    return listed.stdout;
  };
  await until(
    async () => ((await ruleOf(daemon, bob.token)) === 'list' ? true : undefined),
    withDeadline(30_000, 'the rule for all'),
  );
  assert.equal(
    await answers('bob'),
    '403',
    'the rule is of the agent, also for who comes by its private socket',
  );
  await daemon.end();
});

test('a user cannot get another rule at the door by what a request says', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  await system.write(configurationFile, '{"environments":"list"}');
  const daemon = await startSystemDaemon(system);
  const ada = await daemon.signedIn('ada', people.ada);
  const uid = (await system.expect('id', ['-u', 'ada'])).trim();
  const door = {
    folder: `/run/remote-kernels/users/${uid}`,
    doorKey: 'A'.repeat(43),
    frontDoor: { daemonId: 'd'.repeat(32), pin: 'p', port: 1 },
    environments: 'administer',
  };
  assert.equal((await daemon.ask('POST', agentPaths.doors, ada.token, door)).status, 404);
  const places = [
    agentPaths.jobs,
    `${agentPaths.jobs}/`,
    `${agentPaths.jobs}?environments=administer`,
    agentPaths.jobs.replace('jobs', '%6a%6f%62%73'),
    `${agentPaths.jobs}/1/events`,
  ];
  for (const place of places) {
    const { status, text } = await daemon.ask('GET', place, ada.token);
    assert.equal(status, 403, `${place}: ${text}`);
  }
  await daemon.end();
});

test('who put a link in the place of their own door reads what and where it is, and what to do; so do the logs', async (t) => {
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile });
  if (system === undefined) return;
  const daemon = await startSystemDaemon(system);
  const eve = await daemon.signedIn('eve', people.eve);
  const uid = (await system.expect('id', ['-u', 'eve'])).trim();
  const place = `/run/remote-kernels/users/${uid}/agent.sock`;
  await system.expect('sh', ['-c', `rm ${place} && ln -s /elsewhere ${place}`], { user: 'eve' });
  const refused = await daemon.ask('GET', agentPaths.hello, eve.token);
  assert.equal(refused.status, 503, refused.text);
  const { code, message } = expectParsed(parseJson(refused.text, parseErrorBody));
  assert.equal(code, 'agent-unavailable');
  assert.ok(message.includes(`${place} is a link`), message);
  assert.ok(message.endsWith(`remove it with: rm -r ${place}`), message);
  assert.ok(daemon.words().includes(`${place} is a link`), 'the log of the daemon');
  const log = await system.expect('sh', ['-c', 'cat ~/.local/state/remote-kernels/*/agent.log'], {
    user: 'eve',
  });
  assert.match(log, /no door was opened: .*agent\.sock is a link/);
  await system.expect('rm', ['-r', place], { user: 'eve' });
  await until(
    async () => ((await daemon.ask('GET', agentPaths.hello, eve.token)).status === 200 ? true : undefined),
    withDeadline(90_000, 'the door that opens again'),
    500,
  );
  await daemon.end();
});
