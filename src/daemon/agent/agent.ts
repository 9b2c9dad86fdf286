import { createHash, randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { DisposableStore } from '../../base/disposable';
import { toError } from '../../base/errors';
import { nextEvent, type Event } from '../../base/event';
import type { Logger } from '../../base/logger';
import { systemClock } from '../../base/time';
import type { Hello } from '../../protocol/agent';
import type { KeeperSettings } from '../../protocol/keeper';
import { protocolVersion } from '../../protocol/version';
import { productVersion } from '../configuration/product-version';
import type { UserConfiguration } from '../configuration/user-configuration';
import { listenReplaceably, type OwnSocket } from '../platform/sockets';
import type { StateFolders } from '../platform/state-folders';
import { environmentGuard } from './api/environment-guard';
import { Doors } from './doors';
import { createEnvironmentCatalog, type EnvironmentCatalog } from './environments/catalog';
import { createAgentServer } from './http/agent-server';
import type { Entrance, Route } from './http/router';
import { passToKeeper } from './jupyter/channels';
import { KernelRegistry } from './kernels/registry';
import { Lifetime } from './lifetime';
import { LoginVariables } from './login-variables';
import { PreferenceStore, toKeeperSettings } from './preferences';
import { agentRouteTable } from './routes';
import type { AgentServices } from './services';
import { SessionStore } from './sessions';
import type { AgentPlaces } from './start/agent-places';

/** Where an agent works and for whom. */
export interface AgentOptions {
  readonly program: string;
  /** The private socket's path. */
  readonly socket: string;
  readonly folders: StateFolders;
  readonly places: AgentPlaces;
  readonly configuration: UserConfiguration;
  readonly bootId: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly logger: Logger;
}

/** The agent of one user, put together: it listens first and finds what runs already right after, so that it answers quickly. */
export class Agent {
  private readonly resources = new DisposableStore();
  private readonly servers = new Set<Server>();
  private readonly lifetime: Lifetime;
  private readonly startedAt = new Date();
  private readonly startId = randomUUID();
  private readonly ending = new AbortController();
  private routes: readonly Route[] | undefined;
  private made: EnvironmentCatalog | undefined;
  private socket: OwnSocket | undefined;

  constructor(private readonly options: AgentOptions) {
    this.lifetime = new Lifetime(options.configuration.agentGraceSeconds * 1000, systemClock);
  }

  /** Fires with the reason when nobody has needed the agent for the grace time. */
  get onDidEnd(): Event<string> {
    return this.lifetime.onDidEnd;
  }

  /** Resolves when the agent answers on its private socket. */
  async start(): Promise<void> {
    const { logger, socket } = this.options;
    this.resources.add(this.lifetime);
    const login = this.resources.add(
      new LoginVariables(this.options.places.user, this.options.variables, logger.child('login shell')),
    );
    const services = this.createServices(login);
    this.socket = await listenReplaceably(
      this.createServer(
        services,
        () => undefined,
        () => privateEntrance,
      ),
      socket,
      0o600,
    );
    logger.info(`listening on ${socket}, process ${process.pid}, version ${productVersion}`);
    this.lifetime.start();
    this.prepare(services, login).catch((error: unknown) => {
      if (!this.ending.signal.aborted) logger.error('the environments could not be prepared', error);
    });
  }

  /** Whether a client that comes to the private socket's path comes to this agent. */
  async isReachable(): Promise<boolean> {
    return this.socket === undefined || (await this.socket.isStillOurs());
  }

  /** Stops listening, closes every connection and forgets the kernels, which run on with their keepers. */
  async stop(): Promise<void> {
    this.ending.abort(new Error('the agent ends'));
    this.resources.dispose();
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
    await this.socket?.remove();
  }

  private createServices(login: LoginVariables): AgentServices {
    const { options, lifetime } = this;
    const { logger, configuration, folders } = options;
    const { homeFolder } = options.places.user;
    const kernels = this.resources.add(
      new KernelRegistry({
        program: options.program,
        stateFolders: [
          folders.state,
          ...options.places.candidates.state.filter((path) => path !== folders.state),
        ],
        bootId: options.bootId,
        ...(configuration.maxKernels === undefined ? {} : { maxKernels: configuration.maxKernels }),
        startTimeoutMs: configuration.kernelStartSeconds * 1000,
        lifetime,
        logger,
      }),
    );
    const sessions = new SessionStore(kernels, folders.state, logger);
    const preferences = new PreferenceStore(folders.state, logger);
    const doors: Doors = this.resources.add(
      new Doors((admit, entrance) => this.createServer(services, admit, entrance), logger),
    );
    const catalog = () => (this.made ??= this.createCatalog(homeFolder));
    const services: AgentServices = {
      ready: loadAll(kernels, sessions, preferences, logger),
      startedAt: this.startedAt,
      homeFolder,
      configuration,
      hello: (entrance) => this.hello(entrance, doors),
      get catalog() {
        return catalog();
      },
      kernels,
      sessions,
      preferences,
      doors,
      launchContext: {
        stateFolder: folders.state,
        socketFolder: folders.sockets,
        startTimeoutMs: configuration.kernelStartSeconds * 1000,
        loginVariables: () => login.read(),
        settings: () => toKeeperSettings(preferences.current),
        environmentRule: () => doors.environmentRule,
        logger,
      },
      logger,
    };
    preferences.onDidChange(({ searchFolders }) => services.catalog.setSearchFolders(searchFolders));
    preferences.onDidChange((changed) => applyToKernels(kernels, toKeeperSettings(changed), logger));
    return services;
  }

  private createCatalog(homeFolder: string): EnvironmentCatalog {
    return this.resources.add(
      createEnvironmentCatalog({
        homeFolder,
        variables: this.options.variables,
        logger: this.options.logger.child('environments'),
        watch: true,
      }),
    );
  }

  private createServer(
    services: AgentServices,
    admit: Parameters<typeof createAgentServer>[0]['admit'],
    entrance: () => Entrance,
  ): Server {
    this.routes ??= agentRouteTable(services);
    const server = createAgentServer({
      routes: this.routes,
      guard: environmentGuard(() => services.doors.environmentRule, hostname()),
      upgrade: (request, socket, head) => passToKeeper(services, request, socket, head),
      admit,
      entrance,
      lifetime: this.lifetime,
      logger: this.options.logger,
    });
    this.servers.add(server);
    return server;
  }

  private hello(entrance: Entrance, doors: Doors): Hello {
    const { places, configuration } = this.options;
    const frontDoor = entrance.frontDoor ?? doors.latestFrontDoor;
    const { environmentRule } = doors;
    return {
      protocol: protocolVersion,
      agentId: stableAgentId(places),
      startId: this.startId,
      user: places.user.name,
      hostname: hostname(),
      platform: `${process.platform}-${process.arch}`,
      version: productVersion,
      homeFolder: places.user.homeFolder,
      ...(configuration.maxKernels === undefined ? {} : { maxKernels: configuration.maxKernels }),
      ...(environmentRule === undefined ? {} : { environments: environmentRule }),
      ...(frontDoor === undefined ? {} : { frontDoor }),
    };
  }

  /** What can wait until the agent answers: finding environments, and asking the login shell before the first kernel needs it. */
  private async prepare(services: AgentServices, login: LoginVariables): Promise<void> {
    await services.ready;
    services.catalog.setSearchFolders(services.preferences.current.searchFolders);
    while (!services.catalog.isComplete) await nextEvent(services.catalog.onDidChange, this.ending.signal);
    await login.read();
  }
}

const privateEntrance: Entrance = { kind: 'private' };

/** The same for this user on this machine as long as both exist, without anything that would have to be kept. */
function stableAgentId({ machineHash, user }: AgentPlaces): string {
  const parts = ['remote-kernels', 'agent', machineHash, String(user.uid ?? user.name), user.homeFolder];
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
}

/** Finds what was there before this start. Something that cannot be read is said in the log and keeps nothing else from being found. */
async function loadAll(
  kernels: KernelRegistry,
  sessions: SessionStore,
  preferences: PreferenceStore,
  logger: Logger,
): Promise<void> {
  await preferences.load();
  try {
    await kernels.load();
  } catch (error) {
    logger.error('the kernels of before could not be found', error);
  }
  await sessions.load();
}

/** Tells every kernel; one that does not hear it now hears it from its next keeper's order. */
function applyToKernels(kernels: KernelRegistry, settings: KeeperSettings, logger: Logger): void {
  for (const kernel of kernels.list()) {
    kernels.change(kernel.id, settings).catch((error: unknown) => {
      logger.warn(`kernel ${kernel.id} keeps its old preferences: ${toError(error).message}`);
    });
  }
}
