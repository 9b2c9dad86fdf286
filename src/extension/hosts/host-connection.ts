import { createBackoff, type Backoff } from '../../base/backoff';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { Emitter } from '../../base/event';
import type { Logger } from '../../base/logger';
import type { Clock } from '../../base/time';
import type { Hello } from '../../protocol/agent';
import { AgentClient } from '../remote/agent-client';
import {
  ConnectionError,
  type AnyTransport,
  type Connection,
  type Interaction,
  type SecretStore,
} from '../transports/transport';
import { openFirst, toFailure, type AttemptTarget } from './attempt';
import type { ConnectOutcome } from './host';
import type { HostState } from './host-state';
import { next, type HostEvent } from './state-machine';

/** What the runner of one host is made with. */
export interface HostConnectionOptions {
  readonly transports: readonly AnyTransport[];
  readonly secrets: SecretStore;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Read at each attempt: addresses and keys may have changed meanwhile. */
  readonly target: () => AttemptTarget;
  readonly reconnectsAutomatically: () => boolean;
  /** An attempt succeeded: what it proved is to be written down. Called before the state changes. */
  readonly onConnected: (connection: Connection, hello: Hello) => void;
}

const reconnectPolicy = { firstMs: 1000, capMs: 30_000, jitter: 0.2 };
/** A connection that lasted this long ends the row of failures before it. */
const stableAfterMs = 10_000;

interface Attempt {
  readonly controller: AbortController;
  readonly isInteractive: boolean;
  readonly outcome: Promise<ConnectOutcome>;
}

/** Does what the states of one host mean: attempts, waiting, attaching, letting go. The decisions are in `state-machine.ts`. */
export class HostConnection implements Disposable {
  private readonly store = new DisposableStore();
  private readonly changes = this.store.add(new Emitter<void>());
  private current: HostState = { kind: 'disconnected' };
  private attempt: Attempt | undefined;
  private connection: { readonly opened: Connection; readonly watched: DisposableStore } | undefined;
  private backoff: Backoff = createBackoff(reconnectPolicy);
  private cancelRetry: (() => void) | undefined;
  readonly agent: AgentClient;
  readonly onDidChange = this.changes.event;

  constructor(private readonly options: HostConnectionOptions) {
    this.agent = this.store.add(new AgentClient({ logger: options.logger, clock: options.clock }));
    this.store.add(
      this.agent.onDidLose((reason) => {
        this.onLost(new ConnectionError('lost', reason.message, {}, { cause: reason }));
      }),
    );
  }

  get state(): HostState {
    return this.current;
  }

  /** The open connection. */
  get opened(): Connection | undefined {
    return this.connection?.opened;
  }

  /** See `Hosts.connect`. An attempt that may not ask gives way to one that may. */
  async connect(interaction: Interaction | undefined, signal: AbortSignal): Promise<ConnectOutcome> {
    if (this.current.kind === 'connected') return { kind: 'connected' };
    if (signal.aborted) return { kind: 'cancelled' };
    const running = this.attempt;
    if (running !== undefined && (running.isInteractive || interaction === undefined))
      return await raceAbort(running.outcome, signal);
    this.dispatch({ kind: 'connect-started', at: this.options.clock.now(), isAutomatic: false });
    return await this.begin(interaction, signal);
  }

  /** Connects without asking and goes on trying: for hosts that were connected when the editor was closed. */
  connectAutomatically(): void {
    if (this.attempt !== undefined || this.current.kind !== 'disconnected') return;
    this.dispatch({ kind: 'connect-started', at: this.options.clock.now(), isAutomatic: true });
    void this.begin(undefined, undefined);
  }

  /** Cuts the waiting short, if it is waiting. A host that gave up tries again, too. */
  reconnectNow(): void {
    this.backoff = createBackoff(reconnectPolicy);
    if (this.current.kind === 'waiting') this.retry();
    else if (this.current.kind === 'failed' && this.attempt === undefined) {
      this.dispatch({ kind: 'connect-started', at: this.options.clock.now(), isAutomatic: true });
      void this.begin(undefined, undefined);
    }
  }

  /** The network returned or the computer woke. A host that asked us to wait is given its time: what is ours to notice changes nothing there. */
  wake(): void {
    if (this.current.kind === 'waiting') {
      if (this.current.cause.facts.retryAfterMs === undefined) this.reconnectNow();
    } else if (this.current.kind === 'connected') void this.agent.probe();
  }

  /** Lets go of everything. */
  disconnect(): void {
    this.abandonAttempt();
    this.letGo();
    this.dispatch({ kind: 'disconnected' });
  }

  /** The person replaced the key. */
  onKeyReplaced(): void {
    this.dispatch({ kind: 'key-replaced' });
  }

  dispose(): void {
    this.abandonAttempt();
    this.cancelRetry?.();
    this.letGo();
    this.store.dispose();
  }

  private begin(
    interaction: Interaction | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ConnectOutcome> {
    this.abandonAttempt();
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const outcome = this.perform(controller, interaction).finally(() => {
      signal?.removeEventListener('abort', onAbort);
    });
    this.attempt = { controller, isInteractive: interaction !== undefined, outcome };
    return outcome;
  }

  private async perform(
    controller: AbortController,
    interaction: Interaction | undefined,
  ): Promise<ConnectOutcome> {
    const { transports, secrets, logger, clock } = this.options;
    const { signal } = controller;
    let opened: Connection | undefined;
    try {
      // Whoever called stores the attempt first.
      await Promise.resolve();
      opened = await openFirst(this.options.target(), {
        transports,
        secrets,
        logger,
        signal,
        onStep: (step) => {
          if (this.isCurrent(controller)) this.dispatch({ kind: 'step', step });
        },
        ...(interaction === undefined ? {} : { interaction }),
      });
      if (this.isCurrent(controller)) this.dispatch({ kind: 'step', step: 'reading-environments' });
      const hello = await this.agent.attach(opened, signal);
      this.attempt = undefined;
      this.keep(opened);
      this.options.onConnected(opened, hello);
      this.dispatch({
        kind: 'connected',
        at: clock.now(),
        userName: opened.userName ?? hello.user,
        address: opened.address ?? hello.hostname,
      });
      return { kind: 'connected' };
    } catch (error) {
      opened?.dispose();
      if (!this.isCurrent(controller)) return { kind: 'cancelled' };
      this.attempt = undefined;
      return this.onFailed(toFailure(error, signal));
    }
  }

  private isCurrent(controller: AbortController): boolean {
    return this.attempt?.controller === controller;
  }

  private onFailed(cause: ConnectionError): ConnectOutcome {
    this.options.logger.info(`not connected: ${cause.code}: ${cause.message}`);
    this.dispatch({
      kind: 'attempt-failed',
      at: this.options.clock.now(),
      cause,
      ...this.takeRetryTime(cause),
    });
    const isDismissed = cause.code === 'cancelled' || cause.code === 'key-declined';
    return isDismissed ? { kind: 'cancelled' } : { kind: 'failed', error: cause };
  }

  private keep(opened: Connection): void {
    const watched = new DisposableStore();
    watched.add(opened);
    watched.add(opened.onDidClose((cause) => this.onLost(cause)));
    this.connection = { opened, watched };
  }

  private letGo(): void {
    this.agent.detach();
    this.connection?.watched.dispose();
    this.connection = undefined;
  }

  private onLost(cause: ConnectionError): void {
    if (this.current.kind !== 'connected') return;
    const { clock, logger } = this.options;
    logger.warn(`the connection was lost: ${cause.code}: ${cause.message}`);
    if (clock.now() - this.current.since >= stableAfterMs) this.backoff = createBackoff(reconnectPolicy);
    this.letGo();
    this.dispatch({
      kind: 'lost',
      at: clock.now(),
      cause,
      ...this.takeRetryTime(cause),
    });
  }

  /**
   * When to try again, and one step further for the time after. A host that asks to wait is given that time. Never, if the person does not
   * want hosts back by themselves.
   */
  private takeRetryTime(cause: ConnectionError): { readonly retryAt?: number } {
    if (!this.options.reconnectsAutomatically()) return {};
    const { delayMs } = this.backoff;
    this.backoff = this.backoff.next();
    return { retryAt: this.options.clock.now() + Math.max(delayMs, cause.facts.retryAfterMs ?? 0) };
  }

  private retry(): void {
    this.dispatch({ kind: 'retry-started' });
    void this.begin(undefined, undefined);
  }

  private abandonAttempt(): void {
    const { attempt } = this;
    this.attempt = undefined;
    attempt?.controller.abort(new DOMException('no longer wanted', 'AbortError'));
  }

  private dispatch(event: HostEvent): void {
    const before = this.current;
    this.current = next(before, event);
    if (this.current === before) return;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    if (this.current.kind === 'waiting') {
      const waitMs = Math.max(0, this.current.retryAt - this.options.clock.now());
      this.cancelRetry = this.options.clock.schedule(waitMs, () => this.retry());
    }
    if (this.current.kind === 'connected' || before.kind !== this.current.kind)
      this.options.logger.debug(`${before.kind} → ${this.current.kind}`);
    this.changes.fire();
  }
}

/** A second asker can stop waiting without ending the attempt of the first. */
async function raceAbort(outcome: Promise<ConnectOutcome>, signal: AbortSignal): Promise<ConnectOutcome> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<ConnectOutcome>((resolve) => {
    onAbort = () => resolve({ kind: 'cancelled' });
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([outcome, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
