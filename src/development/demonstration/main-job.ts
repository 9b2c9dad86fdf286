import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Emitter } from '../../base/event';
import { silentLogger } from '../../base/logger';
import { formatBytes } from '../../base/text';
import { until, withDeadline } from '../../base/time';
import { canRunKernels, type Environment } from '../../protocol/environments';
import { formatShortPin, isSamePin } from '../../protocol/pin';
import type { Host, Hosts, SavedHost } from '../../extension/hosts/host';
import { createMdnsProvider } from '../../extension/hosts/providers/mdns';
import { createHosts } from '../../extension/hosts/registry';
import { createTlsTransport } from '../../extension/transports/tls/tls-transport';
import type { Interaction } from '../../extension/transports/transport';
import { artifacts } from '../repository';
import { runExampleCell } from './example-cell';
import type { RunningDaemon } from '../daemon-process';
import { exampleName } from './places';
import type { Story } from './story';

/**
 * Does the main job through the client code of the extension in plain Node: the host found on the network, its key checked, signed in, its
 * environments listed, a kernel started, a cell run. What it starts on the host it ends again.
 */
export async function showMainJob(story: Story, daemon: RunningDaemon, signal: AbortSignal): Promise<void> {
  const client = { clientId: randomBytes(16).toString('hex'), windowId: randomUUID(), label: 'npm start' };
  const hosts = createHosts({
    ...memoryOnly(),
    transports: [createTlsTransport({ client })],
    providers: [createMdnsProvider({ logger: silentLogger, loopbackOnly: true })],
    client,
    logger: silentLogger,
    reconnectsAutomatically: () => true,
  });
  try {
    const host = await story.step(
      'finding the host by its announcement',
      () => findHost(hosts, daemon, signal),
      (found) => `found by mDNS: ${found.name} at ${describeAddress(found)}`,
    );
    await story.step(
      'connecting',
      () => connect(hosts, host, daemon, signal),
      (userName) => `key ${formatShortPin(daemon.pin)} is the daemon's own; signed in as ${userName}`,
    );
    await work(story, host, signal);
  } finally {
    hosts.dispose();
  }
}

async function work(story: Story, host: Host, signal: AbortSignal): Promise<void> {
  const { agent } = host;
  const environment = await story.step(
    'listing the environments',
    () => findExample(host, signal),
    (found) => `${agent.environments.items.length} environments, among them ${describeEnvironment(found)}`,
  );
  const kernel = await story.step(
    'starting a kernel',
    () => agent.startKernel({ environmentId: environment.id }, withDeadline(60_000, 'the kernel', signal)),
    (started) => `kernel started in ${started.environmentName}, process ${started.pid ?? 'unknown'}`,
  );
  try {
    const open = agent.openKernel(kernel.id, randomUUID());
    try {
      const { plot } = await story.step(
        'running a cell',
        () => runExampleCell(open.connection, withDeadline(60_000, 'the output of the cell', signal)),
        (output) => `ran a cell: "${output.text}" and a plot (PNG, ${formatBytes(output.plot.length)})`,
      );
      const path = join(artifacts, 'demonstration', 'plot.png');
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, plot);
      story.say(`  the plot lies in ${path}`);
    } finally {
      open.dispose();
    }
  } finally {
    await story.step(
      'shutting the kernel down',
      () => agent.shutDownKernel(kernel.id, withDeadline(15_000, 'the end of the kernel')),
      () => 'kernel shut down',
    );
  }
}

/** Only what the announcement brought counts: no address is handed to the client in any other way. */
async function findHost(hosts: Hosts, daemon: RunningDaemon, signal: AbortSignal): Promise<Host> {
  const found = () =>
    hosts.all.find(
      (host) => host.isAnnounced && host.endpoints.some((endpoint) => isEndpointOf(endpoint, daemon)),
    );
  return until(
    found,
    withDeadline(15_000, 'the announcement on the network (mDNS over loopback)', signal),
    50,
  );
}

function isEndpointOf(endpoint: Host['endpoints'][number], daemon: RunningDaemon): boolean {
  return endpoint.kind === 'tls' && endpoint.origin === 'discovered' && endpoint.port === daemon.port;
}

async function connect(
  hosts: Hosts,
  host: Host,
  daemon: RunningDaemon,
  signal: AbortSignal,
): Promise<string> {
  const interaction: Interaction = {
    confirmKey: (question) => Promise.resolve(isSamePin(question.pin, daemon.pin)),
    ask: (prompt) =>
      Promise.resolve(prompt.kind === 'code' ? { value: daemon.code, isToBeRemembered: false } : undefined),
    chooseSignIn: () => Promise.resolve('code'),
  };
  const outcome = await hosts.connect(host.id, {
    interaction,
    signal: withDeadline(30_000, 'the connection', signal),
  });
  if (outcome.kind === 'failed') throw outcome.error;
  if (outcome.kind === 'cancelled') throw new Error('the key shown is not the one of the daemon');
  const { state } = hosts.get(host.id) ?? host;
  return state.kind === 'connected' ? state.userName : 'nobody';
}

async function findExample(host: Host, signal: AbortSignal): Promise<Environment> {
  const { environments } = host.agent;
  await until(
    () => (environments.freshness === 'current' ? true : undefined),
    withDeadline(15_000, 'the list of environments', signal),
  );
  const found = environments.items.find((item) => item.name === exampleName && canRunKernels(item));
  if (found === undefined) throw new Error(`the environment ${exampleName} is not among those found`);
  return found;
}

function describeEnvironment(environment: Environment): string {
  const versions = [
    `Python ${environment.pythonVersion ?? '?'}`,
    `ipykernel ${environment.ipykernel ?? 'missing'}`,
  ];
  return `${environment.name} (${environment.kind}, ${versions.join(', ')})`;
}

function describeAddress(host: Host): string {
  const endpoint = host.endpoints.find(({ kind }) => kind === 'tls');
  if (endpoint?.kind !== 'tls') return 'an unknown address';
  return `${endpoint.addresses?.[0] ?? endpoint.hostname}:${endpoint.port}`;
}

/** Nothing of the demonstration is kept. */
function memoryOnly() {
  let saved: readonly SavedHost[] = [];
  const values = new Map<string, string>();
  const storage = {
    read: () => saved,
    write: (hosts: readonly SavedHost[]) => {
      saved = hosts;
      return Promise.resolve();
    },
    onDidChange: new Emitter<void>().event,
  };
  const secrets = {
    get: (key: string) => Promise.resolve(values.get(key)),
    set: (key: string, value: string) => {
      values.set(key, value);
      return Promise.resolve();
    },
    delete: (key: string) => {
      values.delete(key);
      return Promise.resolve();
    },
  };
  return { storage, secrets };
}
