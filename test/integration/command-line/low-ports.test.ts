import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { exitCodes, parseServeEvent, type ServeEvent } from '../../../src/protocol/command-line';
import { hasProgram, isRoot, requirePeer } from '../../support/peers';
import { plainPamFile, PrivateSystem } from '../../support/private-system';

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
  await configure(system, 443);
  return { system, setFirstPort };
}

function configure(system: PrivateSystem, port: number): Promise<void> {
  const configuration = { port, listen: ['127.0.0.1'], announce: false };
  return system.write('/etc/remote-kernels/config.json', JSON.stringify(configuration));
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
  const daemon = system.spawn(system.nodePath, [system.programFile, 'serve', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  daemon.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  const words = () => Buffer.concat(said).toString();
  assert.ok(daemon.stdout !== null);
  const events: ServeEvent[] = [];
  createInterface({ input: daemon.stdout }).on('line', (line) =>
    events.push(expectParsed(parseJson(line, parseServeEvent))),
  );
  const listening = await until(
    () => events.find(({ event }) => event === 'listening'),
    withDeadline(60_000, 'the daemon'),
  );
  assert.ok(listening.event === 'listening');
  assert.deepEqual(listening.addresses, ['127.0.0.1:443']);

  await configure(system, 442);
  daemon.kill('SIGHUP');
  await until(
    () => (words().includes('port 442 is below 443') ? true : undefined),
    withDeadline(60_000, 'the complaint of the reload'),
  );
  assert.match(words(), /the one before stays in force/);
  const sockets = await system.expect('ss', ['-H', '-ltn']);
  assert.match(sockets, /127\.0\.0\.1:443\s/);
  const ended = once(daemon, 'exit', { signal: withDeadline(60_000, 'the end') });
  daemon.kill('SIGTERM');
  assert.deepEqual((await ended)[0], exitCodes.ok);
});
