import { Emitter } from '../../../src/base/event';
import type { Host, HostSource } from '../../../src/extension/hosts/host';
import type { HostState } from '../../../src/extension/hosts/host-state';
import type { RemoteAgent, WatchedList } from '../../../src/extension/remote/remote-agent';
import { ConnectionError, type Endpoint } from '../../../src/extension/transports/transport';
import type { Environment } from '../../../src/protocol/environments';
import type { KernelDetails } from '../../../src/protocol/kernels';
import type { Moment } from '../../../src/extension/views/words';

/** 3 March 2026, 10:00:00 UTC. */
export const now = Date.UTC(2026, 2, 3, 10, 0, 0);

/** The moment at which every sample is described. */
export const moment: Moment = { now, locale: 'en-GB', timeZone: 'UTC' };

/** What a sample host differs in. */
export interface SampleHost {
  readonly id?: string;
  readonly name?: string;
  readonly sources?: readonly HostSource[];
  readonly endpoints?: readonly Endpoint[];
  readonly state?: HostState;
  readonly environments?: readonly Environment[];
  readonly kernels?: readonly KernelDetails[];
  readonly freshness?: WatchedList<unknown>['freshness'];
  readonly userName?: string;
  readonly isSignedOut?: boolean;
  readonly isAnnounced?: boolean;
  readonly lastSeenAt?: number;
  readonly accepted?: Host['accepted'];
}

/** A host as the model would give it, without anything behind it. */
export function sampleHost(sample: SampleHost = {}): Host {
  const label = sample.name ?? 'lab-7';
  return {
    id: sample.id ?? label,
    name: label,
    sources: new Set(sample.sources ?? ['saved']),
    endpoints: sample.endpoints ?? [
      { kind: 'tls', hostname: `${label}.local`, port: 7443, origin: 'discovered' },
    ],
    state: sample.state ?? { kind: 'disconnected' },
    agent: sampleAgent(sample),
    ...(sample.userName === undefined ? {} : { userName: sample.userName }),
    isSignedOut: sample.isSignedOut ?? false,
    isAnnounced: sample.isAnnounced ?? false,
    ...(sample.lastSeenAt === undefined ? {} : { lastSeenAt: sample.lastSeenAt }),
    ...(sample.accepted === undefined ? {} : { accepted: sample.accepted }),
  };
}

/** Connected as ada, for two hours. */
export const connected = {
  kind: 'connected' as const,
  userName: 'ada',
  address: '192.168.1.7:7443',
  since: now - 7_200_000,
} satisfies HostState;

/** Lost 20 seconds ago, tried again in 3.2 seconds. */
export const waiting = {
  kind: 'waiting' as const,
  cause: new ConnectionError('no-answer', 'nothing came back', { address: '192.168.1.7:7443' }),
  attempt: 2,
  retryAt: now + 3200,
  lostAt: now - 20_000,
} satisfies HostState;

/** An environment in which kernels can run. */
export function sampleEnvironment(more: Partial<Environment> = {}): Environment {
  return {
    id: '0123456789abcdef',
    kind: 'conda',
    name: 'analysis',
    prefix: '/home/ada/miniconda3/envs/analysis',
    language: 'python',
    python: '/home/ada/miniconda3/envs/analysis/bin/python',
    pythonVersion: '3.11.7',
    ipykernel: '7.4',
    isWritable: true,
    owner: 'self',
    ...more,
  };
}

/** The same without a package that runs kernels. */
export function bareEnvironment(more: Partial<Environment> = {}): Environment {
  return { ...without(sampleEnvironment({ id: 'bbbbbbbbbbbbbbbb', name: 'torch' }), 'ipykernel'), ...more };
}

/** The same without one of its keys. */
export function without<T extends object, K extends keyof T>(whole: T, key: K): Omit<T, K> {
  const rest = { ...whole };
  Reflect.deleteProperty(rest, key);
  return rest;
}

/** A kernel that is busy for two hours. */
export function sampleKernel(more: Partial<KernelDetails> = {}): KernelDetails {
  return {
    id: '4f2a91c0-0000-4000-8000-000000000000',
    state: 'busy',
    stateSince: new Date(now - 7_200_000).toISOString(),
    environmentId: '0123456789abcdef',
    environmentName: 'analysis',
    kernelspecName: 'env-0123456789abcdef',
    launcher: 'ipykernel',
    language: 'python',
    pid: 4711,
    memoryBytes: 3_100_000_000,
    startedAt: new Date(now - 10_000_000).toISOString(),
    lastActivity: new Date(now - 1000).toISOString(),
    workingDirectory: '/home/ada/project',
    transport: 'ipc',
    connections: 1,
    restarts: 0,
    session: { id: 's', path: 'c/d/training.ipynb', name: 'training.ipynb', type: 'notebook' },
    badSignatures: 0,
    gaps: [],
    ...more,
  };
}

function sampleAgent(sample: SampleHost): RemoteAgent {
  const isAttached = sample.state?.kind === 'connected';
  const refuse = () => Promise.reject(new Error('a sample does nothing'));
  return {
    isAttached,
    onDidChangeAttachment: new Emitter<boolean>().event,
    hello:
      isAttached || sample.state?.kind === 'waiting'
        ? {
            protocol: '1.0',
            agentId: 'a',
            startId: 's',
            user: 'ada',
            hostname: 'lab-7',
            platform: 'linux-x64',
            version: '0.1.0',
            homeFolder: '/home/ada',
          }
        : undefined,
    capabilities: {
      hasEnvironments: true,
      hasFolders: true,
      hasPreferences: true,
      canChangeEnvironments: true,
    },
    environments: sampleList(sample.environments ?? [], sample.freshness),
    kernels: sampleList(sample.kernels ?? [], sample.freshness),
    refreshEnvironments: refuse,
    startKernel: refuse,
    findKernel: refuse,
    interruptKernel: refuse,
    restartKernel: refuse,
    shutDownKernel: refuse,
    readKernelOutput: refuse,
    listFolders: refuse,
    readPreferences: refuse,
    writePreferences: refuse,
    openKernel: () => {
      throw new Error('a sample opens nothing');
    },
  };
}

function sampleList<T extends { readonly id: string }>(
  items: readonly T[],
  freshness: WatchedList<unknown>['freshness'] = 'current',
): WatchedList<T> {
  return {
    items,
    freshness,
    onDidChange: new Emitter<void>().event,
    get: (id) => items.find((item) => item.id === id),
  };
}
