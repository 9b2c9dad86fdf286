import { t } from '@vscode/l10n';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import { Emitter } from '../../base/event';
import type { Logger } from '../../base/logger';
import { systemClock, withDeadline, type Clock } from '../../base/time';
import type { Client, Hello } from '../../protocol/agent';
import type { Pin } from '../../protocol/pin';
import {
  type AnyTransport,
  type Connection,
  type Endpoint,
  type Interaction,
  type SecretStore,
} from '../transports/transport';
import type { AttemptTarget } from './attempt';
import { hostIdOf, isSameEndpoint, mergeEndpoints, thisMachineId } from './endpoints';
import type { ConnectOutcome, Host, Hosts, HostStorage, SavedHost, SignOutOutcome, TypedHost } from './host';
import { HostConnection } from './host-connection';
import type { HostProvider } from './host-provider';
import { HostSecrets } from './host-secrets';
import { isLost } from './host-state';
import { KnownHost } from './known-host';
import { acceptedPinOf, mergeHosts, type HostDescription } from './merge';
import { watchNetwork } from './network-watcher';
import { ProvenIdentities } from './proven-identities';
import { recordConfirmedKeys } from './recording-interaction';
import { SavedHosts } from './saved-hosts';
import { isAttempting } from './state-machine';

/** What the hosts of one window are made with. */
export interface HostsOptions {
  readonly storage: HostStorage;
  readonly secrets: SecretStore;
  /** At most one of each kind. This machine is listed when there is a `local` one. */
  readonly transports: readonly AnyTransport[];
  /** Started and disposed by the hosts. */
  readonly providers: readonly HostProvider[];
  /** Whose window it is: several of them share saved hosts and sign-ins, and the log tells them apart. */
  readonly client: Client;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Asked each time a connection is lost: the person's setting. */
  readonly reconnectsAutomatically: () => boolean;
  /** Whether hosts that were connected when the editor was closed connect again by themselves. Default: yes. */
  readonly connectsAtStart?: boolean;
}

/** How long signing out waits for a host that has to be connected first. */
const signOutTimeoutMs = 10_000;

/** Makes the model of all hosts. The caller disposes it: that closes every connection and leaves sign-ins and kernels alone. */
export function createHosts(options: HostsOptions): Hosts & Disposable {
  const registry = new HostRegistry(options);
  registry.start();
  return registry;
}

class HostRegistry implements Hosts, Disposable {
  private readonly store = new DisposableStore();
  private readonly changes = this.store.add(new Emitter<void>());
  private readonly hosts = new Map<string, KnownHost>();
  private readonly proven: ProvenIdentities;
  private readonly saved: SavedHosts;
  private readonly secrets: HostSecrets;
  private readonly clock: Clock;
  readonly onDidChange = this.changes.event;

  constructor(private readonly options: HostsOptions) {
    this.saved = new SavedHosts(options.storage);
    this.proven = new ProvenIdentities(this.saved);
    this.secrets = new HostSecrets(options.secrets, options.logger);
    this.clock = options.clock ?? systemClock;
  }

  /** Reads what is saved, starts the providers, and connects what was connected. */
  start(): void {
    const { storage, providers, client, logger, connectsAtStart = true } = this.options;
    logger.debug(`hosts of window ${client.windowId} (${client.label})`);
    this.store.add(storage.onDidChange(() => this.rebuild()));
    for (const provider of providers) {
      this.store.add(provider);
      this.store.add(provider.onDidChange(() => this.rebuild()));
    }
    this.rebuild();
    for (const provider of providers) provider.start();
    this.store.add(watchNetwork(this.clock, (reason) => this.onNetworkChange(reason)));
    if (!connectsAtStart) return;
    for (const host of this.hosts.values())
      if (host.description.saved?.wasConnected === true) host.connection.connectAutomatically();
  }

  get all(): readonly Host[] {
    return [...this.hosts.values()];
  }

  get(id: string): Host | undefined {
    return this.hosts.get(id);
  }

  async connect(
    id: string,
    { interaction, signal }: { readonly interaction?: Interaction; readonly signal: AbortSignal },
  ): Promise<ConnectOutcome> {
    const host = this.hosts.get(id);
    if (host === undefined) return { kind: 'cancelled' };
    // A key that a person confirmed is written down at once: whatever the sign-in brings, it is not asked about again.
    const onConfirmed = (pin: Pin) => this.update(host, { pin, acceptedAt: this.clock.now() });
    const recording = interaction === undefined ? undefined : recordConfirmedKeys(interaction, onConfirmed);
    return await host.connection.connect(recording, signal);
  }

  reconnectNow(id: string): void {
    this.hosts.get(id)?.connection.reconnectNow();
  }

  disconnect(id: string): void {
    const host = this.hosts.get(id);
    if (host === undefined) return;
    host.connection.disconnect();
    this.update(host, { wasConnected: false });
  }

  async signOut(
    id: string,
    { isEverywhere, signal }: { readonly isEverywhere: boolean; readonly signal: AbortSignal },
  ): Promise<SignOutOutcome> {
    const host = this.hosts.get(id);
    if (host === undefined) return { isHostTold: false };
    const isHostTold = await this.tellSignOut(host, isEverywhere, signal);
    await this.secrets.forget(host.description.saved);
    if (host.description.saved !== undefined) this.update(host, { isSignedOut: true });
    this.disconnect(id);
    return { isHostTold };
  }

  async forget(id: string): Promise<void> {
    const host = this.hosts.get(id);
    if (host === undefined) return;
    const { saved } = host.description;
    host.connection.disconnect();
    this.proven.forget(id);
    await this.secrets.forget(saved);
    await this.saved.delete(id);
    this.rebuild();
  }

  add(typed: Exclude<TypedHost, { kind: 'invalid' }>): Host {
    const endpoint: Endpoint =
      typed.kind === 'ssh'
        ? { kind: 'ssh', destination: typed.destination }
        : { kind: 'tls', hostname: typed.hostname, port: typed.port, origin: 'typed' };
    const listed = [...this.hosts.values()].filter(({ description }) =>
      description.endpoints.some((own) => isSameEndpoint(own, endpoint)),
    );
    const known = listed.find(({ description }) => description.saved !== undefined);
    if (known !== undefined) {
      if (typed.kind === 'tls' && typed.userName !== undefined) this.enterAs(known, typed.userName);
      return known;
    }
    // Two announcements of one place claim different keys: what was typed is neither of them before a key was seen.
    const same = listed.length === 1 ? listed[0] : undefined;
    const userName = typed.kind === 'tls' ? typed.userName : undefined;
    const id = same?.id ?? hostIdOf(endpoint);
    void this.save({
      id,
      name: same?.name ?? (typed.kind === 'ssh' ? typed.destination : typed.hostname),
      endpoints: mergeEndpoints([endpoint], same?.description.endpoints ?? []),
      ...(userName === undefined ? {} : { userName }),
    });
    return this.expect(id);
  }

  async replaceKey(id: string, pin: Pin): Promise<void> {
    const host = this.hosts.get(id);
    const saved = host?.description.saved;
    if (host === undefined || saved === undefined) return;
    await this.secrets.forget(saved);
    this.proven.forget(id);
    // The daemon behind another key may be another one: it says so when it is connected.
    await this.save({ ...withoutDaemon(saved), pin, acceptedAt: this.clock.now() });
    host.connection.onKeyReplaced();
  }

  rediscover(): void {
    for (const provider of this.options.providers) provider.refresh();
  }

  wake(): void {
    for (const host of this.hosts.values()) host.connection.wake();
  }

  dispose(): void {
    this.store.dispose();
    for (const host of this.hosts.values()) host.dispose();
    this.hosts.clear();
  }

  /** Whether the host took note. Its answer is not waited for longer than a person would. */
  private async tellSignOut(host: KnownHost, isEverywhere: boolean, outer: AbortSignal): Promise<boolean> {
    const signal = withDeadline(signOutTimeoutMs, 'signing out', outer);
    try {
      // Only a connection can end the sign-in over there; without questions, since a person who leaves is not asked to enter.
      if (host.connection.opened === undefined) await host.connection.connect(undefined, signal);
      const { opened } = host.connection;
      if (opened === undefined) throw new Error('there is no connection');
      await opened.signOut({ isEverywhere, signal });
      return true;
    } catch (error) {
      this.options.logger.info(`${host.name} was not told of the sign-out: ${toError(error).message}`);
      return false;
    }
  }

  /** The next sign-in is that of another user; the one of before ends here. */
  private enterAs(host: KnownHost, userName: string): void {
    if (host.userName === userName) return;
    if (isBusy(host)) host.connection.disconnect();
    this.update(host, { userName });
  }

  private onNetworkChange(reason: string): void {
    this.options.logger.info(`${reason} changed: looking for hosts and connections`);
    this.rediscover();
    this.wake();
  }

  /** Makes the list anew of what is saved, found and proven. Hosts keep their object as long as they are listed. */
  private rebuild(): void {
    const described = mergeHosts({
      hasThisMachine: this.options.transports.some(({ kind }) => kind === 'local'),
      thisMachineName: t('This machine'),
      saved: this.saved.all,
      found: this.options.providers.flatMap(({ found }) => found),
      evidence: this.proven.all,
    });
    const listed = new Set(described.map(({ id }) => id));
    for (const description of described) this.describe(description);
    for (const host of [...this.hosts.values()]) {
      if (listed.has(host.id)) continue;
      if (isBusy(host)) host.describe(withoutSources(host.description));
      else {
        this.hosts.delete(host.id);
        host.dispose();
      }
    }
    this.changes.fire();
  }

  private describe(description: HostDescription): void {
    const known = this.hosts.get(description.id);
    if (known !== undefined) {
      known.describe(description);
      return;
    }
    const { id } = description;
    const connection = new HostConnection({
      transports: this.options.transports,
      secrets: this.options.secrets,
      logger: this.options.logger.child(description.name),
      clock: this.clock,
      target: () => this.targetOf(this.expect(id)),
      reconnectsAutomatically: this.options.reconnectsAutomatically,
      onConnected: (opened, hello) => this.onConnected(this.expect(id), opened, hello),
    });
    this.hosts.set(id, new KnownHost(description, connection));
    let wasConnected = false;
    connection.onDidChange(() => {
      const isConnected = connection.state.kind === 'connected';
      const host = this.hosts.get(id);
      if (wasConnected && !isConnected && host?.description.saved !== undefined)
        this.update(host, { lastSeenAt: this.clock.now() });
      wasConnected = isConnected;
      if (host !== undefined && !isBusy(host) && this.saved.get(id) === undefined) this.rebuild();
      else this.changes.fire();
    });
  }

  private targetOf(host: KnownHost): AttemptTarget {
    const { description } = host;
    const acceptedPin = acceptedPinOf(description.saved);
    const provenPin = this.proven.all.get(host.id)?.pin ?? acceptedPin;
    return {
      hostName: host.name,
      endpoints: description.endpoints,
      claimedEndpoints: description.claimedEndpoints,
      ...(acceptedPin === undefined ? {} : { acceptedPin }),
      ...(provenPin === undefined ? {} : { provenPin }),
      ...(host.userName === undefined ? {} : { userName: host.userName }),
    };
  }

  private onConnected(host: KnownHost, opened: Connection, hello: Hello): void {
    this.proven.learn(host.id, opened, hello);
    const { pin, daemonId, userName = hello.user } = opened;
    const { endpoints, saved } = host.description;
    this.update(host, {
      endpoints: mergeEndpoints(host.id === thisMachineId ? [{ kind: 'local' }] : endpoints, [
        opened.endpoint,
      ]),
      userName,
      lastSeenAt: this.clock.now(),
      wasConnected: true,
      isSignedOut: false,
      // A key that an authority vouched for is kept without a date: it names the secrets and is not demanded.
      ...(pin === undefined || saved?.acceptedAt !== undefined ? {} : { pin }),
      ...(daemonId === undefined ? {} : { daemonId }),
    });
  }

  /** Saves a host with something of it changed; one that was not saved yet is, if there is more to keep than that it was left. */
  private update(host: KnownHost, change: Partial<SavedHost>): void {
    const { saved, id, name: hostName, endpoints } = host.description;
    if (saved === undefined && change.wasConnected === false) {
      this.changes.fire();
      return;
    }
    const changed: SavedHost = { id, name: hostName, endpoints, ...saved, ...change };
    this.secrets.forgetReplaced(saved, changed);
    void this.save(changed);
  }

  private save(host: SavedHost): Promise<void> {
    const written = this.saved.put(host).catch((error: unknown) => {
      this.options.logger.error(`${host.name} could not be saved`, error);
    });
    this.rebuild();
    return written;
  }

  private expect(id: string): KnownHost {
    const host = this.hosts.get(id);
    if (host === undefined) throw new Error(`the host ${id} is not listed`);
    return host;
  }
}

/** Whether something goes on with the host, so that it stays listed even if nothing names it any more. */
function isBusy({ state }: Host): boolean {
  return isAttempting(state) || isLost(state) || state.kind === 'connected';
}

function withoutSources({ id, name: hostName, endpoints }: HostDescription): HostDescription {
  return { id, name: hostName, endpoints, sources: new Set(), isAnnounced: false, claimedEndpoints: [] };
}

function withoutDaemon(saved: SavedHost): SavedHost {
  return Object.fromEntries(
    Object.entries(saved).filter(([key]) => key !== 'daemonId'),
  ) as unknown as SavedHost;
}
