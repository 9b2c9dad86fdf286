import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { parseServeEvent, type ServeEvent } from '../../../src/protocol/command-line';
import type { FoundHost } from '../../../src/extension/hosts/host-provider';
import { daemonBundle } from '../../support/daemon-bundle';
import { createTestHome } from '../../support/test-home';
import { collect, startLab, type LabMachine } from './network-lab';

/** A single-user daemon that listens everywhere on that machine. */
async function startDaemonOn(t: TestContext, machine: LabMachine) {
  const { environment } = await createTestHome(t);
  const words = ['serve', '--single-user', '--listen', 'all', '--port', '0', '--name', 'lab-7', '--json'];
  const child = machine.spawn(process.execPath, [daemonBundle(), ...words], environment);
  const said = collect(child);
  const events: ServeEvent[] = [];
  if (child.stdout === null) throw new Error('serve has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) =>
    events.push(expectParsed(parseJson(line, parseServeEvent))),
  );
  return {
    said,
    async untilSaid(words: RegExp) {
      const signal = withDeadline(60_000, `the words ${String(words)}`);
      await until(() => (words.test(said()) ? true : undefined), signal);
    },
    announced: () => events.filter(({ event }) => event === 'announcing'),
    async end() {
      const exited = once(child, 'exit', { signal: withDeadline(60_000, 'the end of the daemon') });
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Looks for hosts on that machine as the extension does. */
function browseAsExtension(machine: LabMachine) {
  const script = join(__dirname, 'browse-as-extension.ts');
  const child = machine.spawn('env', ['-C', __dirname, process.execPath, '--import', 'tsx', script]);
  child.stderr?.pipe(process.stderr);
  let found: readonly FoundHost[] = [];
  if (child.stdout === null) throw new Error('the program has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    found = JSON.parse(line) as readonly FoundHost[];
  });
  const addresses = () =>
    found
      .flatMap(({ endpoint }) => (endpoint.kind === 'tls' ? (endpoint.addresses ?? []) : []))
      .filter((address) => !address.startsWith('fe80:'))
      .sort();
  return {
    async finds(what: string, expected: readonly string[]) {
      const signal = withDeadline(90_000, what);
      try {
        await until(() => (addresses().join() === [...expected].sort().join() ? true : undefined), signal);
      } catch (error) {
        throw new Error(`${what}: found ${JSON.stringify(found)}`, { cause: error });
      }
      return found;
    },
  };
}

const addressesIn = (...numbers: readonly number[]) =>
  numbers.flatMap((number) => [`10.231.${number}.1`, `fd31:${number}::1`]);

/** A bridge of containers, on which nobody looks for hosts. */
async function addContainers(machine: LabMachine): Promise<void> {
  for (const words of [
    'link add docker0 type bridge',
    'addr add 172.17.0.1/16 dev docker0',
    'link set docker0 up',
  ])
    await machine.run('ip', words.split(' '));
}

for (const isWithAvahi of [false, true])
  test(`a daemon that listens everywhere is found by the extension on each network with its address there, ${isWithAvahi ? 'announced by avahi-daemon' : 'announced by itself'}`, async (t) => {
    const lab = await startLab(t);
    if (lab === undefined) return;
    const { host, near, far } = lab;
    await addContainers(host);
    if (isWithAvahi) {
      await host.startBus();
      await host.startAvahi();
    }
    const daemon = await startDaemonOn(t, host);
    const [fromNear, fromFar] = [browseAsExtension(near), browseAsExtension(far)];
    await daemon.untilSaid(
      isWithAvahi
        ? /announced as "lab-7" by avahi-daemon/
        : /announced as "lab-7" on eth7, eth9 by the daemon's own responder \(there is no message bus/,
    );
    const [seen] = await fromNear.finds('the near side', addressesIn(7));
    assert.equal(seen?.name, 'lab-7');
    await fromFar.finds('the far side', addressesIn(9));
    const [announced] = daemon.announced();
    assert.ok(announced?.event === 'announcing');
    const { because, ...rest } = announced;
    assert.deepEqual(rest, {
      event: 'announcing',
      name: 'lab-7',
      interfaces: ['eth7', 'eth9'],
      by: isWithAvahi ? 'avahi' : 'own-responder',
    });
    assert.match(because ?? 'none', isWithAvahi ? /^none$/ : /^there is no message bus/);

    await lab.connect(11, host, far);
    await fromFar.finds('an interface that came', addressesIn(9, 11));
    await fromNear.finds('that the other networks are as before', addressesIn(7));
    await lab.disconnect(11, host);
    // Whoever has seen the addresses there remembers them for a while; whoever looks anew does not hear of them.
    await browseAsExtension(far).finds('an interface that went', addressesIn(9));

    for (const words of ['addr del 10.231.7.1/24 dev eth7', 'addr add 10.231.7.5/24 dev eth7'])
      await host.run('ip', words.split(' '));
    const anew = browseAsExtension(near);
    await anew.finds('another address of the same interface', ['10.231.7.5', 'fd31:7::1']);

    await daemon.end();
    await fromNear.finds('the goodbye', []);
    await fromFar.finds('the goodbye', []);
    await anew.finds('the goodbye', []);
  });
