import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { parseDaemonStatus } from '../../../src/protocol/daemon-control';
import { PrivateSystem } from '../../support/private-system';
import { bootSystemd } from '../../support/private-systemd';
import { freePort } from '../../support/free-ports';
import { configure, workAsAda } from '../command-line/configured-daemon';
import { ask } from '../front-door/front-door-under-test';
import { giveEnvironment } from '../many-users/system-daemon';

const unit = 'remote-kernels.service';

test('systemd starts, reloads, restarts and ends the daemon, and the kernels of users go on', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  await giveEnvironment(system, 'ada');
  const port = await freePort();
  await configure(system, { port });
  const systemd = await bootSystemd(t, system);
  if (systemd === undefined) return;
  // No journal takes what services say here.
  await system.write(
    `/etc/systemd/system/${unit}.d/log.conf`,
    '[Service]\nStandardError=append:/var/log/unit.log\n',
  );
  const log = () => system.expect('cat', ['/var/log/unit.log']);
  const show = async (property: string) =>
    (await systemd.expect('systemctl', ['show', '--value', '--property', property, unit])).trim();
  const status = async () =>
    expectParsed(parseJson(await systemd.expect('remote-kernels', ['status', '--json']), parseDaemonStatus));
  const isReady = async () =>
    (await status().catch(() => undefined))?.frontDoorPid === undefined ? undefined : true;
  const ready = async () => {
    await until(isReady, withDeadline(60_000, 'the service'), 200).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await log()}`);
    });
  };

  const installed = await systemd.run(system.nodePath, [system.programFile, 'install', '--yes']);
  assert.equal(installed.code, 0, installed.stderr);
  assert.deepEqual(
    [await show('ActiveState'), await show('UnitFileState'), await show('KillMode')],
    ['active', 'enabled', 'process'],
  );
  await ready();
  const first = await status();
  assert.equal(String(first.pid), await show('MainPID'));

  const { headers, kernelId } = await workAsAda(port);
  const kernels = async () => {
    const { stdout } = await systemd.run('pgrep', ['-u', 'ada', '-f', 'ipykernel_launcher']);
    return stdout.trim().split('\n');
  };
  const kernel = await kernels();
  assert.match(kernel.join(), /^\d+$/);
  const isThere = async () => {
    const { status: code, text } = await ask(port, { path: `/api/kernels/${kernelId}`, headers });
    assert.equal(code, 200, text);
    assert.deepEqual(await kernels(), kernel);
  };
  await isThere();

  await systemd.expect('systemctl', ['reload', unit]);
  const isReloaded = async () =>
    (await log()).includes('the configuration was reloaded') ? true : undefined;
  await until(isReloaded, withDeadline(60_000, 'the reload'));
  assert.equal((await status()).pid, first.pid);

  await systemd.expect('systemctl', ['restart', unit]);
  await ready();
  const second = await status();
  assert.notEqual(second.pid, first.pid);
  await isThere();

  await systemd.expect('kill', ['-KILL', String(second.pid)]);
  const isAnother = async () => {
    const pid = (await status().catch(() => undefined))?.pid;
    return pid === undefined || pid === second.pid ? undefined : true;
  };
  await until(isAnother, withDeadline(60_000, 'the daemon after it was killed'), 200);
  await ready();
  await isThere();

  const removed = await systemd.run('remote-kernels', ['uninstall', '--yes']);
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal(await show('LoadState'), 'not-found');
  assert.deepEqual(await kernels(), kernel);
  await assert.rejects(ask(port, { path: '/' }), /ECONNREFUSED/);
});

test('install says what keeps the daemon from starting, and systemd does not start again for ever what only a person can mend', async (t) => {
  const system = await PrivateSystem.start(t, { hasSystemUser: false });
  if (system === undefined) return;
  await system.write('/etc/remote-kernels/config.json', '{ "prot": 7443 }');
  const systemd = await bootSystemd(t, system);
  if (systemd === undefined) return;
  const { code, stderr } = await systemd.run(system.nodePath, [system.programFile, 'install', '--yes']);
  assert.equal(code, 78, stderr);
  assert.match(stderr, /not started: .*there is no key "prot"; did you mean "port"\?/);
  const state = await systemd.run('systemctl', ['is-active', unit]);
  assert.equal(state.stdout.trim(), 'inactive');

  const show = async (property: string) =>
    (await systemd.expect('systemctl', ['show', '--value', '--property', property, unit])).trim();
  await systemd.run('systemctl', ['start', unit]);
  const hasFailed = async () => ((await show('ActiveState')) === 'failed' ? true : undefined);
  await until(hasFailed, withDeadline(60_000, 'the end of the service'), 200);
  assert.deepEqual(
    [await show('ExecMainStatus'), await show('NRestarts'), await show('SubState')],
    ['78', '0', 'failed'],
  );
});
