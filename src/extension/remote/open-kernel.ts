import type { Kernel, KernelMessage, ServerConnection } from '@jupyterlab/services';
import { createBackoff, type Backoff } from '../../base/backoff';
import { DisposableStore } from '../../base/disposable';
import { isAbortError } from '../../base/errors';
import { Emitter } from '../../base/event';
import type { Logger } from '../../base/logger';
import { withDeadline } from '../../base/time';
import type { KernelDetails } from '../../protocol/kernels';
import type { AgentAccess } from './agent-access';
import { createLateWebSocketClass } from './late-web-socket';
import { createPatientFetch, LateRequest } from './patient-fetch';
import type { RemoteKernel } from './remote-agent';

/** What an open kernel is made with. */
export interface OpenKernelOptions {
  readonly kernelId: string;
  readonly sessionId: string;
  readonly userName: string;
  readonly access: AgentAccess;
  readonly logger: Logger;
}

type ConnectionConstructor = new (options: Kernel.IKernelConnection.IOptions) => Kernel.IKernelConnection;

/**
 * Loads the Jupyter client with the first kernel, not with the editor. Only this path of the package is used: the rest of JupyterLab needs a
 * browser. It is loaded synchronously, so that a kernel is open when {@link OpenKernel} was made.
 */
function loadClient() {
  /* eslint-disable @typescript-eslint/no-require-imports -- see above: a static import would load it at start */
  const kernel = require('@jupyterlab/services/lib/kernel/default') as {
    KernelConnection: ConnectionConstructor;
  };
  const server = require('@jupyterlab/services/lib/serverconnection') as {
    ServerConnection: {
      makeSettings: (options: Partial<ServerConnection.ISettings>) => ServerConnection.ISettings;
    };
  };
  /* eslint-enable @typescript-eslint/no-require-imports */
  return { KernelConnection: kernel.KernelConnection, makeSettings: server.ServerConnection.makeSettings };
}

const reconnectPolicy = { firstMs: 500, capMs: 30_000, jitter: 0.2 };
const findTimeoutMs = 10_000;

/**
 * A {@link RemoteKernel} whose `connection` stays the same object through every loss of the network: below it, sockets wait for the next
 * connection of the host and questions about the kernel are answered by its agent only. It ends when the agent says so.
 */
export class OpenKernel implements RemoteKernel {
  readonly id: string;
  readonly sessionId: string;
  readonly connection: Kernel.IKernelConnection;
  private readonly lifetime = new AbortController();
  private readonly store = new DisposableStore();
  private readonly openChanges = this.store.add(new Emitter<boolean>());
  private readonly ends = this.store.add(new Emitter<KernelDetails | undefined>());
  private readonly misses = this.store.add(new Emitter<void>());
  private backoff: Backoff = createBackoff(reconnectPolicy);
  private timer: NodeJS.Timeout | undefined;
  private wasOpen = false;
  private hasEnded = false;
  private wasListed = false;
  /** How often its keeper has been replaced, as far as the host has said. */
  private gapCount: number | undefined;

  readonly onDidChangeOpen = this.openChanges.event;
  readonly onDidEnd = this.ends.event;
  readonly onDidMiss = this.misses.event;

  constructor(private readonly options: OpenKernelOptions) {
    this.id = options.kernelId;
    this.sessionId = options.sessionId;
    const { access } = options;
    this.gapCount = access.kernels.get(this.id)?.gaps.length;
    this.connection = createConnection(options, this.lifetime.signal, () => this.end(undefined));
    this.connection.connectionStatusChanged.connect(this.onConnectionStatus);
    this.connection.statusChanged.connect(this.onStatus);
    this.store.add(access.kernels.onDidChange(() => this.readList()));
    this.store.add(
      access.onDidChangeAttachment((isAttached) => {
        if (isAttached) this.reconnectIfStopped();
      }),
    );
  }

  get isOpen(): boolean {
    return !this.lifetime.signal.aborted && this.connection.connectionStatus === 'connected';
  }

  dispose(): void {
    if (this.lifetime.signal.aborted) return;
    this.lifetime.abort(new DOMException('the kernel was closed here', 'AbortError'));
    clearTimeout(this.timer);
    this.store.dispose();
    this.connection.dispose();
  }

  private readonly onConnectionStatus = (_sender: unknown, status: Kernel.ConnectionStatus) => {
    if (status === 'connected') this.backoff = createBackoff(reconnectPolicy);
    if (status === 'disconnected') this.scheduleReconnect();
    if (this.isOpen === this.wasOpen) return;
    this.wasOpen = this.isOpen;
    this.openChanges.fire(this.isOpen);
  };

  private readonly onStatus = (_sender: unknown, status: KernelMessage.Status) => {
    if (status === 'dead') void this.confirmEnd();
  };

  /** The client gives up after a clean close or some failures; the kernel is still there unless its agent says otherwise. */
  private scheduleReconnect(): void {
    if (this.lifetime.signal.aborted || this.hasEnded || this.connection.isDisposed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.confirmAndReconnect(), this.backoff.delayMs);
    this.timer.unref();
    this.backoff = this.backoff.next();
  }

  private reconnectIfStopped(): void {
    if (this.connection.connectionStatus !== 'disconnected') return;
    this.backoff = createBackoff(reconnectPolicy);
    this.scheduleReconnect();
  }

  private async confirmAndReconnect(): Promise<void> {
    if (this.options.access.http === undefined) return;
    const details = await this.find();
    if (details === 'unknown') this.scheduleReconnect();
    else if (details === undefined || details.state === 'dead') this.end(details);
    else if (!this.connection.isDisposed && this.connection.connectionStatus === 'disconnected') {
      this.connection.reconnect().catch((error: unknown) => {
        this.options.logger.debug(`kernel ${this.id}: ${String(error)}`);
      });
    }
  }

  private async confirmEnd(): Promise<void> {
    const details = await this.find();
    this.end(details === 'unknown' ? this.options.access.kernels.get(this.id) : details);
  }

  /** The list is told by the agent itself, so a kernel that it does not name any more, or names as dead, has ended. */
  private readList(): void {
    const { kernels } = this.options.access;
    const details = kernels.get(this.id);
    if (details !== undefined) {
      this.wasListed = true;
      this.noteGaps(details);
    }
    if (details?.state === 'dead') this.end(details);
    else if (details === undefined && this.wasListed && kernels.freshness === 'current')
      void this.confirmAbsence();
  }

  private noteGaps({ gaps }: KernelDetails): void {
    const before = this.gapCount;
    this.gapCount = gaps.length;
    if (before !== undefined && gaps.length > before) this.misses.fire();
  }

  private async confirmAbsence(): Promise<void> {
    const details = await this.find();
    if (details === undefined) this.end(undefined);
  }

  private async find(): Promise<KernelDetails | 'unknown' | undefined> {
    try {
      const signal = withDeadline(findTimeoutMs, 'the agent', this.lifetime.signal);
      return await this.options.access.findKernel(this.id, signal);
    } catch (error) {
      if (!isAbortError(error)) this.options.logger.debug(`kernel ${this.id}: ${String(error)}`);
      return 'unknown';
    }
  }

  private end(details: KernelDetails | undefined): void {
    if (this.hasEnded || this.lifetime.signal.aborted) return;
    this.hasEnded = true;
    clearTimeout(this.timer);
    this.ends.fire(details);
  }
}

/** Addresses are made from this and never resolved; sockets and requests go over the agent's connection. */
const baseUrl = 'http://localhost/';

function createConnection(
  options: OpenKernelOptions,
  lifetime: AbortSignal,
  onGone: () => void,
): Kernel.IKernelConnection {
  const { KernelConnection, makeSettings } = loadClient();
  const { access, kernelId, sessionId, userName } = options;
  const serverSettings = makeSettings({
    baseUrl,
    wsUrl: 'ws://localhost/',
    // Without this the client adds the time to every address.
    init: {},
    token: '',
    appendToken: false,
    // The client makes its requests with the class given here and hands them to this function.
    fetch: createPatientFetch(access, lifetime, onGone) as unknown as typeof globalThis.fetch,
    Request: LateRequest as unknown as typeof globalThis.Request,
    Headers: globalThis.Headers,
    WebSocket: createLateWebSocketClass(access, lifetime),
  });
  return new KernelConnection({
    model: { id: kernelId, name: access.kernels.get(kernelId)?.kernelspecName ?? '' },
    serverSettings,
    clientId: sessionId,
    username: userName,
    handleComms: true,
  });
}
