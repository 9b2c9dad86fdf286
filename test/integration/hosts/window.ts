import { randomBytes, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Emitter } from '../../../src/base/event';
import { createLogger } from '../../../src/base/logger';
import { until, withDeadline } from '../../../src/base/time';
import type { Host, Hosts, SavedHost } from '../../../src/extension/hosts/host';
import type { HostProvider } from '../../../src/extension/hosts/host-provider';
import type { HostState } from '../../../src/extension/hosts/host-state';
import { createHosts } from '../../../src/extension/hosts/registry';
import { createLocalTransport } from '../../../src/extension/transports/local/local-transport';
import { createTlsTransport } from '../../../src/extension/transports/tls/tls-transport';
import type {
  AnyTransport,
  Interaction,
  KeyQuestion,
  Prompt,
} from '../../../src/extension/transports/transport';
import type { Client } from '../../../src/protocol/agent';
import { daemonBundle } from '../../support/daemon-bundle';

/** What survives the reload of a window, and what two windows share. */
export interface Profile {
  readonly storage: { read(): readonly SavedHost[]; write(hosts: readonly SavedHost[]): Promise<void> } & {
    readonly onDidChange: Emitter<void>['event'];
  };
  readonly secrets: {
    readonly values: Map<string, string>;
    get(key: string): Promise<string | undefined>;
    set(key: string, value: string): Promise<void>;
    delete(key: string): Promise<void>;
  };
  readonly clientId: string;
}

/** A profile in memory. */
export function createProfile(): Profile {
  let saved: readonly SavedHost[] = [];
  const changes = new Emitter<void>();
  const values = new Map<string, string>();
  return {
    clientId: randomBytes(16).toString('hex'),
    storage: {
      read: () => saved,
      write: (hosts) => {
        saved = hosts;
        changes.fire();
        return Promise.resolve();
      },
      onDidChange: changes.event,
    },
    secrets: {
      values,
      get: (key) => Promise.resolve(values.get(key)),
      set: (key, value) => {
        values.set(key, value);
        return Promise.resolve();
      },
      delete: (key) => {
        values.delete(key);
        return Promise.resolve();
      },
    },
  };
}

/** One window of a profile. */
export interface TestWindow {
  readonly hosts: Hosts;
  readonly log: readonly string[];
  /** Closes it, as a reload does. */
  close(): void;
}

/** Options of a window. */
export interface WindowOptions {
  readonly profile?: Profile;
  readonly providers?: readonly HostProvider[];
  /** The environment of the agent of this machine; without it there is no local transport. */
  readonly environment?: Record<string, string>;
  readonly certificateAuthorities?: readonly string[];
  readonly reconnectsAutomatically?: boolean;
}

/** Opens a window with the real transports. It is closed with the test. */
export function openWindow(t: Pick<TestContext, 'after'>, options: WindowOptions = {}): TestWindow {
  const profile = options.profile ?? createProfile();
  const log: string[] = [];
  const logger = createLogger((level, line) => log.push(`${level} ${line}`));
  const client: Client = { clientId: profile.clientId, windowId: randomUUID(), label: 'a test' };
  const transports: AnyTransport[] = [
    createTlsTransport({ client, certificateAuthorities: () => options.certificateAuthorities ?? [] }),
  ];
  if (options.environment !== undefined)
    transports.push(
      createLocalTransport({
        daemonPath: daemonBundle(),
        node: process.execPath,
        environment: options.environment,
        client,
        logger,
      }),
    );
  const hosts = createHosts({
    storage: profile.storage,
    secrets: profile.secrets,
    transports,
    providers: options.providers ?? [],
    client,
    logger,
    reconnectsAutomatically: () => options.reconnectsAutomatically ?? true,
  });
  t.after(() => hosts.dispose());
  return { hosts, log, close: () => hosts.dispose() };
}

/** A person who answers from a script and remembers what was asked. */
export interface ScriptedPerson extends Interaction {
  readonly keys: KeyQuestion[];
  readonly prompts: Prompt[];
}

/** Makes a person. `answers` are given in order; when none is left a prompt is dismissed. */
export function createPerson(
  answers: readonly (string | { readonly value: string; readonly isToBeRemembered: boolean })[] = [],
  confirms: boolean | ((question: KeyQuestion) => boolean) = true,
): ScriptedPerson {
  const left = [...answers];
  const keys: KeyQuestion[] = [];
  const prompts: Prompt[] = [];
  return {
    keys,
    prompts,
    confirmKey(question) {
      keys.push(question);
      return Promise.resolve(typeof confirms === 'function' ? confirms(question) : confirms);
    },
    ask(prompt) {
      prompts.push(prompt);
      const answer = left.shift();
      return Promise.resolve(
        typeof answer === 'string' ? { value: answer, isToBeRemembered: false } : answer,
      );
    },
  };
}

/** Waits until the host stands like this. */
export function untilState<K extends HostState['kind']>(
  host: Host,
  kind: K,
  timeoutMs = 15_000,
): Promise<Extract<HostState, { kind: K }>> {
  return until(
    () => (host.state.kind === kind ? (host.state as Extract<HostState, { kind: K }>) : undefined),
    withDeadline(timeoutMs, `${host.name} to be ${kind}`),
  );
}
