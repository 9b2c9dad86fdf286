import { createBackoff, type Backoff, type BackoffPolicy } from '../../../base/backoff';
import { DisposableStore, type Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import { Emitter } from '../../../base/event';
import { abortable, delay } from '../../../base/time';
import { avahiName, AvahiServer, serverStateRule } from './avahi-server';
import { isAvahiRunning } from './avahi-socket';
import { busName, DBusError, type DBusConnection } from './d-bus-connection';

/** Whether avahi-daemon can be asked. */
export type AvahiPresence =
  | {
      readonly kind: 'present';
      readonly server: AvahiServer;
      /** Aborts when that avahi-daemon has gone. */ readonly gone: AbortSignal;
    }
  | { readonly kind: 'absent'; readonly why: string };

/** What following avahi-daemon needs from outside. */
export interface AvahiWatchOptions {
  readonly connect: (signal: AbortSignal) => Promise<DBusConnection>;
  /** When to try again after the bus, or avahi-daemon on it, could not be used. */
  readonly backoff: BackoffPolicy;
  /** avahi-daemon's socket besides D-Bus. */
  readonly avahiSocket: string;
}

const transitionMs = 1_000;
const ownerRule = `type='signal',sender='${busName}',interface='${busName}',member='NameOwnerChanged',arg0='${avahiName}'`;
const noOwnerError = 'org.freedesktop.DBus.Error.NameHasNoOwner';

/** Asks which unique name avahi-daemon has on the bus; `undefined` when it is not there. Starts nothing. */
export async function findAvahi(bus: DBusConnection, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const [owner] = await bus.callBus('GetNameOwner', 's', [avahiName], signal);
    return typeof owner === 'string' ? owner : undefined;
  } catch (error) {
    if (error instanceof DBusError && error.errorName === noOwnerError) return undefined;
    throw error;
  }
}

/** Follows whether avahi-daemon is on the system's message bus: it may come, go and be started again at any time, and so may the bus. */
export class AvahiWatch implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly changeEmitter = this.owned.add(new Emitter<AvahiPresence>());
  private readonly ending = new AbortController();
  private now: AvahiPresence | undefined;
  private gone = new AbortController();
  private looks = 0;
  private backoff: Backoff | undefined;
  private onAbandoned: ((why: Error) => void) | undefined;

  constructor(private readonly options: AvahiWatchOptions) {}

  /** Fires with each change, first with what was found first. */
  readonly onChange = this.changeEmitter.event;

  /** `undefined` until the first look has ended. */
  get presence(): AvahiPresence | undefined {
    return this.now;
  }

  /** Begins to look, until it is disposed. */
  start(): void {
    void this.run();
  }

  /** avahi-daemon is of no use, for that reason: everything of ours is taken back by leaving the bus, and it is tried again after a while. */
  abandon(why: string): void {
    this.onAbandoned?.(new Error(why));
  }

  /** avahi-daemon did what it was asked: the next failure is a first one. */
  confirm(): void {
    this.backoff = undefined;
  }

  dispose(): void {
    this.ending.abort(new Error('the announcement ends'));
    this.gone.abort(this.ending.signal.reason);
    this.owned.dispose();
  }

  private async run(): Promise<void> {
    const { signal } = this.ending;
    for (;;)
      try {
        await this.follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.change({ kind: 'absent', why: toError(error).message });
        this.backoff = this.backoff?.next() ?? createBackoff(this.options.backoff);
        await delay(this.backoff.delayMs, signal).catch(toError);
      }
  }

  /** Follows the owner of the name on one connection. Rejects when that has ended. */
  private async follow(signal: AbortSignal): Promise<void> {
    const bus = await this.options.connect(signal);
    const here = new DisposableStore();
    here.add(bus);
    try {
      const ended = new Promise<never>((_resolve, reject) => {
        here.add(bus.onClosed(reject));
        this.onAbandoned = reject;
      });
      ended.catch(toError);
      here.add(
        bus.onSignal(({ sender, member, body }) => {
          const [name, , owner] = body;
          if (sender === busName && member === 'NameOwnerChanged' && name === avahiName)
            void this.found(bus, owner === '' || typeof owner !== 'string' ? undefined : owner);
        }),
      );
      for (const rule of [ownerRule, serverStateRule]) await bus.callBus('AddMatch', 's', [rule], signal);
      await this.found(bus, await findAvahi(bus, signal));
      await abortable(ended, signal);
    } finally {
      this.onAbandoned = undefined;
      here.dispose();
    }
  }

  private async found(bus: DBusConnection, owner: string | undefined): Promise<void> {
    const { now } = this;
    if (owner === undefined) {
      this.looks += 1;
      const { looks } = this;
      this.gone.abort(new Error('avahi-daemon has gone'));
      const why = await this.explainAbsence();
      // It may have come meanwhile.
      if (looks === this.looks) this.change({ kind: 'absent', why });
      return;
    }
    if (now?.kind === 'present' && now.server.bus === bus && now.server.owner === owner) return;
    this.gone.abort(new Error('avahi-daemon has gone'));
    this.gone = new AbortController();
    this.change({ kind: 'present', server: new AvahiServer(bus, owner), gone: this.gone.signal });
  }

  private async explainAbsence(): Promise<string> {
    const { avahiSocket } = this.options;
    let isRunning = await isAvahiRunning(avahiSocket);
    if (isRunning) {
      // One that ends leaves the bus first, and one that starts comes there last.
      await delay(transitionMs, this.ending.signal).catch(toError);
      isRunning = await isAvahiRunning(avahiSocket);
    }
    return isRunning ? 'avahi-daemon runs but is not on D-Bus' : 'avahi-daemon does not run';
  }

  private change(presence: AvahiPresence): void {
    this.looks += 1;
    if (presence.kind === 'absent') this.gone.abort(new Error(presence.why));
    this.now = presence;
    this.changeEmitter.fire(presence);
  }
}
