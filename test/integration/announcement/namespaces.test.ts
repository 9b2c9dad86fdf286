import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { until, withDeadline } from '../../../src/base/time';
import { daemonBundle } from '../../support/daemon-bundle';
import { hasProgram, isRoot, requirePeer } from '../../support/peers';
import { createTestHome } from '../../support/test-home';

const run = promisify(execFile);

/** Two machines and a cable: network namespaces without any route to elsewhere. One has a container bridge as well. */
async function twoMachines(t: TestContext) {
  const host = `rkh${process.pid}`;
  const client = `rkc${process.pid}`;
  t.after(async () => {
    for (const namespace of [host, client])
      await run('ip', ['netns', 'del', namespace]).catch(() => undefined);
  });
  const ip = (words: string) => run('ip', words.split(' '));
  for (const namespace of [host, client]) {
    await ip(`netns add ${namespace}`);
    await ip(`-n ${namespace} link set lo up`);
  }
  await ip(`link add eth7 netns ${host} type veth peer name eth8 netns ${client}`);
  for (const [namespace, link, last] of [
    [host, 'eth7', 1],
    [client, 'eth8', 2],
  ] as const) {
    await ip(`-n ${namespace} addr add 10.231.7.${last}/24 dev ${link}`);
    await ip(`-n ${namespace} addr add fd31::${last}/64 dev ${link} nodad`);
    await ip(`-n ${namespace} link set ${link} up`);
    await ip(`-n ${namespace} route add 224.0.0.0/4 dev ${link}`);
  }
  await ip(`-n ${host} link add docker0 type bridge`);
  await ip(`-n ${host} addr add 172.17.0.1/16 dev docker0`);
  await ip(`-n ${host} link set docker0 up`);
  return { host, client };
}

/** Browses in that namespace with a process of its own; every line is a service that came or went. */
function browseIn(t: TestContext, namespace: string): readonly string[] {
  const script = `
    const { Bonjour } = require('bonjour-service');
    const browser = new Bonjour({ interface: '10.231.7.2', bind: '0.0.0.0' }).find({ type: 'remote-kernels' });
    browser.on('up', (service) => console.log('up ' + JSON.stringify(service.addresses)));
    browser.on('down', () => console.log('down'));
    setInterval(() => browser.update(), 500);`;
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], {
    cwd: join(__dirname, '../../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return lines;
}

test('a daemon that listens everywhere is found on the network in both families, without its containers and loopback', async (t) => {
  if (!requirePeer(t, 'root and ip (iproute2)', isRoot() && hasProgram('ip'))) return;
  const { host, client } = await twoMachines(t);
  const home = await createTestHome(t);
  const words = ['serve', '--single-user', '--listen', 'all', '--port', '0', '--name', 'lab-7'];
  const daemon = spawn('ip', ['netns', 'exec', host, process.execPath, daemonBundle(), ...words], {
    env: home.environment,
    stdio: 'ignore',
  });
  const lines = browseIn(t, client);
  const found = await until(() => lines[0], withDeadline(30_000, 'the announcement on the other machine'));
  const addresses = JSON.parse(found.replace(/^up /, '')) as string[];
  assert.ok(addresses.includes('10.231.7.1'), found);
  assert.ok(addresses.includes('fd31::1'), found);
  for (const address of addresses) assert.ok(/^(10\.231\.7\.1|fd31::1|fe80::.*)$/.test(address), found);
  const exited = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  await exited;
  await until(() => (lines.includes('down') ? true : undefined), withDeadline(15_000, 'the goodbye'));
});
