import { DisposableStore, type Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import { Emitter } from '../../base/event';
import type { HttpConnection } from '../../base/http-connection';
import type { Logger } from '../../base/logger';
import { Shared } from '../../base/sequence';
import { systemClock, withDeadline, type Clock } from '../../base/time';
import { agentPaths, parseHello, type Hello } from '../../protocol/agent';
import { parseEnvironmentEvent, type Environment } from '../../protocol/environments';
import { parseKernelEvent, type KernelDetails } from '../../protocol/kernels';
import { AccessOfAgent } from './access-of-agent';
import { AgentRequests } from './agent-requests';
import { ListStore, tellOther } from './list-store';
import { watchStream } from './list-watcher';
import { LostConnectionError } from './lost-connection-error';
import { OpenKernel } from './open-kernel';
import type { RemoteCapabilities, RemoteKernel } from './remote-agent';
import { sendForJson } from './requests';

/** How long the agent may take to say hello when a connection is made, and when it is asked whether it is still there. */
const helloTimeoutMs = 15_000;
const probeTimeoutMs = 6_000;
/** How often the round trip is measured. */
const measureIntervalMs = 30_000;
/** A host that sent something this recently is there, whatever one request says. */
const recentSignMs = 5_000;

/** What the client of an agent is made with. */
export interface AgentClientOptions {
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** One connection in use, with what lives as long as it does. */
interface Attachment {
  readonly http: HttpConnection;
  readonly streams: DisposableStore;
  readonly probe: Shared<boolean>;
}

/**
 * The {@link RemoteAgent} of one host, with the side that `hosts/` uses: it attaches connections and hears when one is lost. Whoever made it
 * disposes it; connections stay the property of whoever attached them.
 */
export class AgentClient extends AgentRequests implements Disposable {
  private readonly store = new DisposableStore();
  private readonly attachmentChanges = this.store.add(new Emitter<boolean>());
  private readonly losses = this.store.add(new Emitter<Error>());
  private readonly measurements = this.store.add(new Emitter<number>());
  private readonly clock: Clock;
  private readonly logger: Logger;
  private attached: Attachment | undefined;
  private lastSignAt = 0;
  private roundTrip: number | undefined;
  private lastHello: Hello | undefined;

  readonly environments = this.store.add(new ListStore<Environment>(({ name: label }) => label));
  readonly kernels = this.store.add(
    new ListStore<KernelDetails>((kernel) => kernel.session?.name ?? kernel.environmentName),
  );
  readonly onDidChangeAttachment = this.attachmentChanges.event;
  /** Fires once per attachment, when the host does not answer any more. The connection is still attached then. */
  readonly onDidLose = this.losses.event;
  /** Fires with the round trip in milliseconds. */
  readonly onDidMeasure = this.measurements.event;

  constructor(options: AgentClientOptions) {
    super();
    this.logger = options.logger;
    this.clock = options.clock ?? systemClock;
  }

  get http(): HttpConnection | undefined {
    return this.attached?.http;
  }

  get isAttached(): boolean {
    return this.attached !== undefined;
  }

  get hello(): Hello | undefined {
    return this.lastHello;
  }

  get roundTripMs(): number | undefined {
    return this.roundTrip;
  }

  get capabilities(): RemoteCapabilities {
    const hasAgent = this.lastHello !== undefined;
    return {
      hasEnvironments: hasAgent,
      hasFolders: hasAgent,
      hasPreferences: hasAgent,
      canChangeEnvironments: hasAgent && this.lastHello?.environments !== 'list',
    };
  }

  /** Greets the agent over a connection and then uses it. Rejects when the agent does not answer; nothing is attached then. */
  async attach(http: HttpConnection, signal: AbortSignal): Promise<Hello> {
    const hello = await this.greet(http, withDeadline(helloTimeoutMs, 'the agent', signal));
    signal.throwIfAborted();
    this.detach();
    if (this.lastHello !== undefined && this.lastHello.startId !== hello.startId)
      this.logger.info('the agent was started anew; its kernels are with their keepers');
    this.lastHello = hello;
    const streams = new DisposableStore();
    // Every attachment has a probe of its own: an answer about the connection before says nothing about this one.
    const attached: Attachment = { http, streams, probe: new Shared(() => this.probeOnce(attached)) };
    this.attached = attached;
    this.follow(http, streams);
    streams.addRelease(this.measureAgain());
    this.attachmentChanges.fire(true);
    return hello;
  }

  /** Stops using the connection. Lists stay as they are and say that they are stale; open kernels wait. */
  detach(): void {
    if (this.attached === undefined) return;
    const { streams } = this.attached;
    this.attached = undefined;
    streams.dispose();
    this.environments.markStale();
    this.kernels.markStale();
    this.attachmentChanges.fire(false);
  }

  /** Asks the host whether it is there and fires `onDidLose` when it is not. Resolves with whether it is. */
  probe(): Promise<boolean> {
    return this.attached?.probe.run() ?? Promise.resolve(false);
  }

  suspectLoss(reason: Error): void {
    this.logger.debug(`is the host there? ${reason.message}`);
    void this.probe();
  }

  openKernel(kernelId: string, sessionId: string): RemoteKernel {
    return new OpenKernel({
      kernelId,
      sessionId,
      userName: this.lastHello?.user ?? '',
      access: new AccessOfAgent(this, this.lastHello?.agentId),
      logger: this.logger,
    });
  }

  dispose(): void {
    this.detach();
    this.store.dispose();
  }

  protected override currentHttp(): HttpConnection {
    if (this.attached === undefined) throw new LostConnectionError();
    return this.attached.http;
  }

  private async greet(http: HttpConnection, signal: AbortSignal): Promise<Hello> {
    const startedAt = performance.now();
    const hello = await sendForJson(http, { path: agentPaths.hello, signal }, parseHello);
    this.roundTrip = performance.now() - startedAt;
    this.lastSignAt = this.clock.now();
    this.measurements.fire(this.roundTrip);
    return hello;
  }

  private async probeOnce(attached: Attachment): Promise<boolean> {
    try {
      const hello = await this.greet(attached.http, withDeadline(probeTimeoutMs, 'the host'));
      // What an administrator allows can change while a connection lasts.
      if (this.attached === attached) this.lastHello = hello;
      return true;
    } catch (error) {
      if (this.attached !== attached) return false;
      const hasSpoken = this.clock.now() - this.lastSignAt < recentSignMs;
      if (hasSpoken && toError(error).name === 'TimeoutError') return true;
      this.losses.fire(toError(error));
      return false;
    }
  }

  private follow(http: HttpConnection, streams: DisposableStore): void {
    const common = {
      http,
      logger: this.logger,
      onSign: () => {
        this.lastSignAt = this.clock.now();
      },
      onEnd: () => this.probe(),
    };
    streams.add(
      watchStream({
        ...common,
        path: `${agentPaths.environments}?watch`,
        parser: parseEnvironmentEvent,
        begin: () => {
          const telling = this.environments.beginTelling();
          return (event) => {
            if (event.event === 'environment') telling.put(event.environment);
            else tellOther(telling, event);
          };
        },
      }),
    );
    streams.add(
      watchStream({
        ...common,
        path: `${agentPaths.kernels}?watch`,
        parser: parseKernelEvent,
        begin: () => {
          const telling = this.kernels.beginTelling();
          return (event) => {
            if (event.event === 'kernel') telling.put(event.kernel);
            else tellOther(telling, event);
          };
        },
      }),
    );
  }

  private measureAgain(): () => void {
    let cancel: (() => void) | undefined;
    const schedule = () => {
      cancel = this.clock.schedule(measureIntervalMs, () => {
        void this.probe();
        schedule();
      });
    };
    schedule();
    return () => cancel?.();
  }
}
