import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { exitCodes } from '../../../src/protocol/command-line';
import { hasProgram, isRoot, requirePeer } from '../../support/peers';
import { plainPamFile, PrivateSystem } from '../../support/private-system';
import { configure, startConfiguredDaemon } from './configured-daemon';

const run = promisify(execFile);

/** A private system with a network of its own, in which the daemon is to listen on port 443. */
async function systemWithOwnNetwork(t: TestContext) {
  if (!requirePeer(t, 'root and ip, for a network of its own', isRoot() && hasProgram('ip')))
    return undefined;
  const networkNamespace = `rkp${process.pid}-${Math.floor(performance.now())}`;
  await run('ip', ['netns', 'add', networkNamespace]);
  t.after(() => run('ip', ['netns', 'del', networkNamespace]));
  await run('ip', ['-n', networkNamespace, 'link', 'set', 'lo', 'up']);
  const system = await PrivateSystem.start(t, { pamFile: plainPamFile, networkNamespace });
  if (system === undefined) return undefined;
  const file = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  const setFirstPort = (port: number) => system.expect('sh', ['-c', `echo ${port} > ${file}`]);
  await setFirstPort(1024);
  await configure(system, { port: 443 });
  return { system, setFirstPort };
}

const runDaemon = (system: PrivateSystem, ...words: readonly string[]) =>
  system.run(system.nodePath, [system.programFile, ...words]);

const truth =
  /port 443 is below 1024, and the part with the network runs without rights.*ip_unprivileged_port_start=443/;

test('where ports below 1024 need rights, check, serve and install say so, and what to do', async (t) => {
  const made = await systemWithOwnNetwork(t);
  if (made === undefined) return;
  const { system } = made;
  const checked = await runDaemon(system, 'check');
  assert.equal(checked.code, exitCodes.configuration);
  assert.match(checked.stdout.replaceAll(/\n +→ /g, ' '), truth);
  const served = await runDaemon(system, 'serve');
  assert.equal(served.code, exitCodes.configuration);
  assert.match(served.stderr, truth);
  assert.doesNotMatch(served.stderr, /for root/);
  const installed = await runDaemon(system, 'install', '--yes');
  assert.equal(installed.code, exitCodes.configuration, installed.stderr);
  assert.match(installed.stderr, /everything is installed, but the daemon was not started/);
  assert.match(installed.stderr, truth);
  const unstarted = await runDaemon(system, 'install', '--yes', '--no-start');
  assert.equal(unstarted.code, 0, unstarted.stderr);
  assert.match(unstarted.stderr, /will not start: port 443/);
});

test('where the system lets everybody have port 443 the front door listens there, without rights', async (t) => {
  const made = await systemWithOwnNetwork(t);
  if (made === undefined) return;
  const { system, setFirstPort } = made;
  await setFirstPort(443);
  const checked = await runDaemon(system, 'check');
  assert.equal(checked.code, 0, checked.stdout);
  assert.match(checked.stdout, /ok +port +programs without rights may have 443/);
  const daemon = await startConfiguredDaemon(system);
  assert.deepEqual(daemon.ports(), [443]);

  await configure(system, { port: 442 });
  daemon.child.kill('SIGHUP');
  await daemon.said('port 442 is below 443');
  assert.match(daemon.words(), /the one before stays in force/);
  const sockets = await system.expect('ss', ['-H', '-ltn']);
  assert.match(sockets, /127\.0\.0\.1:443\s/);
  assert.equal(await daemon.end(), exitCodes.ok);
});
