import { DisposableStore, type Disposable } from '../../base/disposable';
import type { Logger } from '../../base/logger';
import type { KernelChannel, MessageParts } from '../../protocol/kernel-channels';
import type { KernelConnection } from './kernel-connection';
import { KernelSockets } from './kernel-sockets';
import { OwnRequests } from './own-requests';
import { canBeStatus, readHeader, readJsonObject, type HeaderFacts } from './wire-messages';

/** A message of the kernel. `parent` is the header of the request that it answers; on iopub it is not read. */
export interface KernelMessage {
  readonly channel: KernelChannel;
  readonly parts: MessageParts;
  readonly parent?: HeaderFacts;
}

/** What a status message says. */
export interface KernelStatus {
  readonly state: string;
  readonly request: string;
  readonly isControl: boolean;
}

/** Who hears of what a kernel says. */
export interface SessionListener {
  onMessage(message: KernelMessage): void;
  onStatus(status: KernelStatus): void;
  onBadSignature(): void;
}

/** Requests that are only ever made on the control channel. */
const controlTypes = new Set([
  'debug_request',
  'interrupt_request',
  'shutdown_request',
  'usage_request',
  'create_subshell_request',
  'delete_subshell_request',
  'list_subshell_request',
]);

/** So many requests on the control channel are remembered to recognise their status messages. */
const maxControlRequests = 1000;

/** The conversation with one process of a kernel: its sockets, the keeper's own requests, and what of it is looked at. */
export class KernelSession implements Disposable {
  private readonly disposables = new DisposableStore();
  private readonly own = new OwnRequests();
  private readonly sockets: KernelSockets;
  private readonly controlRequests = new Set<string>();
  private hasIopub = false;

  constructor(
    connection: KernelConnection,
    private readonly listener: SessionListener,
    log: Logger,
  ) {
    this.sockets = this.disposables.add(
      new KernelSockets(
        connection,
        {
          onMessage: (channel, parts) => this.take(channel, parts),
          onBadSignature: (channel) => {
            log.warn(`a message on ${channel} with a wrong signature was dropped`);
            this.listener.onBadSignature();
          },
        },
        log,
      ),
    );
  }

  /** Opens the sockets; they connect when the kernel is there. */
  open(): Promise<void> {
    return this.sockets.open();
  }

  /** Whether anything was published to us yet. */
  get isIopubFlowing(): boolean {
    return this.hasIopub;
  }

  /** Sends a client's message as it is. */
  send(channel: KernelChannel, parts: MessageParts, header: HeaderFacts): void {
    if (channel === 'iopub') return;
    if (channel === 'control') this.rememberControl(header.messageId);
    this.sockets.send(channel, parts);
  }

  /** Asks the kernel for its information and resolves with the reply. */
  askKernelInfo(channel: 'shell' | 'control', signal: AbortSignal): Promise<void> {
    const send = (parts: MessageParts) => this.sockets.send(channel, parts);
    return this.own.ask(send, 'kernel_info_request', {}, signal);
  }

  /** Runs something of the keeper's own and resolves with the end of it. */
  askExecution(content: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
    const send = (parts: MessageParts) => this.sockets.send('shell', parts);
    return this.own.ask(send, 'execute_request', content, signal);
  }

  /** Sends a request of the keeper's on the control channel without waiting for the reply. */
  tell(messageType: string, content: Readonly<Record<string, unknown>>): void {
    this.sockets.send('control', this.own.create(messageType, content));
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private rememberControl(messageId: string): void {
    this.controlRequests.add(messageId);
    if (this.controlRequests.size <= maxControlRequests) return;
    const [oldest] = this.controlRequests;
    if (oldest !== undefined) this.controlRequests.delete(oldest);
  }

  private take(channel: KernelChannel, parts: MessageParts): void {
    if (channel === 'iopub') {
      this.hasIopub = true;
      if (canBeStatus(parts[0])) this.takeStatus(parts);
      this.listener.onMessage({ channel, parts });
      return;
    }
    const parent = readHeader(parts[1]);
    if (parent?.session === this.own.session) this.own.settle(parent.messageId);
    else this.listener.onMessage({ channel, parts, ...(parent === undefined ? {} : { parent }) });
  }

  private takeStatus(parts: MessageParts): void {
    if (readHeader(parts[0])?.messageType !== 'status') return;
    const state = readJsonObject(parts[3])?.['execution_state'];
    if (typeof state !== 'string') return;
    const parent = readHeader(parts[1]);
    const request = parent?.messageId ?? '';
    const isControl = controlTypes.has(parent?.messageType ?? '') || this.controlRequests.has(request);
    this.listener.onStatus({ state, request, isControl });
  }
}
