import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import { Sequence } from '../../base/sequence';
import { abortable, withDeadline, within } from '../../base/time';
import type { AnnouncementOrder, AnnouncerEvent } from '../../protocol/announcer';
import type { NetworkInterface } from '../platform/network-interfaces';
import { AvahiAnnouncement } from './avahi/avahi-announcement';
import { isOnLoopbackOnly } from './avahi/avahi-entries';
import type { AvahiPresence, AvahiWatch } from './avahi/avahi-watch';
import type { OwnAnnouncement } from './own-responder';

/** What choosing a responder needs from outside. */
export interface AnnouncingOptions {
  readonly watch: AvahiWatch;
  readonly announceByOwnResponder: (
    order: AnnouncementOrder,
    onRenamed: (name: string) => void,
  ) => Promise<OwnAnnouncement>;
  readonly listInterfaces: () => readonly NetworkInterface[];
  readonly say: (event: AnnouncerEvent) => void;
  /** The own responder cannot announce: this process is of no use. */
  readonly onFailed: (error: Error) => void;
  /** How long an avahi-daemon that announced may be away before the own responder takes over: as long as it takes to start it again. */
  readonly avahiRestartMs: number;
  /** How often it is looked whether addresses that were listed for Avahi have changed; 5 s unless it is said. */
  readonly addressCheckMs?: number;
  /** How often an avahi-daemon that announces is asked whether it still answers, and how long it may take; each minute and 10 s unless it is said. */
  readonly avahiCheckMs?: number;
  readonly avahiAnswerMs?: number;
}

const defaultAddressCheckMs = 5_000;
const defaultAvahiCheckMs = 60_000;
const defaultAvahiAnswerMs = 10_000;
const withdrawTimeoutMs = 1_500;
/** A name is probed for less than a second, and again for each name that others have. */
const ownTimeoutMs = 30_000;

type Present = Extract<AvahiPresence, { kind: 'present' }>;

/**
 * Keeps one announcement: by avahi-daemon as long as that can be asked, otherwise by this process's own responder, and never by both. One has said
 * goodbye before the other begins.
 */
export class Announcing implements Disposable {
  private readonly work = new Sequence();
  private order: AnnouncementOrder | undefined;
  private avahi: { readonly announcement: AvahiAnnouncement; readonly presence: Present } | undefined;
  private own: { readonly announcement: OwnAnnouncement; readonly order: string } | undefined;
  private waitForAvahi: NodeJS.Timeout | undefined;
  private addressCheck: NodeJS.Timeout | undefined;
  private avahiCheck: NodeJS.Timeout | undefined;
  private isAsking = false;
  private isStopped = false;
  private isWatching = false;
  /** Whether the order is for loopback only, where Avahi has no part. */
  private isLocal = false;

  constructor(private readonly options: AnnouncingOptions) {}

  /** Announces that, in place of what was announced before. `say` tells when it is done. */
  announce(order: AnnouncementOrder): void {
    const { watch, listInterfaces } = this.options;
    this.order = order;
    this.isLocal = isOnLoopbackOnly(order, listInterfaces());
    if (!this.isLocal && !this.isWatching) {
      this.isWatching = true;
      watch.onChange((presence) => this.follow(presence));
      watch.start();
      this.addressCheck = setInterval(
        () => this.followAddresses(),
        this.options.addressCheckMs ?? defaultAddressCheckMs,
      );
      this.addressCheck.unref();
      this.avahiCheck = setInterval(
        () => void this.askWhetherAvahiAnswers(),
        this.options.avahiCheckMs ?? defaultAvahiCheckMs,
      );
      this.avahiCheck.unref();
    }
    this.settleSoon();
  }

  /** Says goodbye. */
  async stop(): Promise<void> {
    this.endTimers();
    const { avahi, own } = this;
    await Promise.all([
      avahi?.announcement
        .withdraw(withDeadline(withdrawTimeoutMs, 'avahi-daemon'))
        // Leaving the bus takes the announcement back as well.
        .catch(toError),
      own?.announcement.stop(),
    ]);
    this.dispose();
  }

  dispose(): void {
    this.endTimers();
    this.avahi?.announcement.dispose();
    this.options.watch.dispose();
  }

  private endTimers(): void {
    this.isStopped = true;
    clearTimeout(this.waitForAvahi);
    clearInterval(this.addressCheck);
    clearInterval(this.avahiCheck);
  }

  /** An interface may get another address without any change of the order, which names the interface. */
  private followAddresses(): void {
    if (this.avahi?.announcement.isOutdated === true) this.settleSoon();
  }

  /** One that hangs stays on the bus, and nothing else tells of it: what it has announced is answered by nobody any more. */
  private async askWhetherAvahiAnswers(): Promise<void> {
    const { avahi, isAsking } = this;
    if (avahi === undefined || isAsking) return;
    const { server, gone } = avahi.presence;
    this.isAsking = true;
    try {
      const timeoutMs = this.options.avahiAnswerMs ?? defaultAvahiAnswerMs;
      await within(timeoutMs, 'avahi-daemon', gone, (signal) => server.state(signal));
    } catch (error) {
      if (this.avahi === avahi && !gone.aborted && !this.isStopped)
        this.options.watch.abandon(`avahi-daemon cannot be used: ${toError(error).message}`);
    } finally {
      this.isAsking = false;
    }
  }

  private follow(presence: AvahiPresence): void {
    clearTimeout(this.waitForAvahi);
    this.waitForAvahi = undefined;
    const { avahi } = this;
    if (avahi !== undefined && avahi.presence !== presence) {
      avahi.announcement.dispose();
      this.avahi = undefined;
      if (presence.kind === 'absent') {
        this.waitForAvahi = setTimeout(() => {
          this.waitForAvahi = undefined;
          this.settleSoon();
        }, this.options.avahiRestartMs);
        return;
      }
    }
    this.settleSoon();
  }

  private settleSoon(): void {
    this.work
      .run(() => this.settle())
      .catch((error: unknown) => {
        if (!this.isStopped) this.options.onFailed(toError(error));
      });
  }

  /** Does what is to be done with order and avahi-daemon as they are now. */
  private async settle(): Promise<void> {
    const { order, isLocal, isStopped, waitForAvahi } = this;
    const { presence } = this.options.watch;
    if (order === undefined || isStopped) return;
    if (isLocal) {
      await this.announceItself(order, 'nothing is to leave this machine');
      return;
    }
    // What is waited for settles it.
    if (presence === undefined || waitForAvahi !== undefined) return;
    if (presence.kind === 'absent') await this.announceItself(order, presence.why);
    else await this.announceByAvahi(order, presence);
  }

  private async announceByAvahi(order: AnnouncementOrder, presence: Present): Promise<void> {
    const { watch, listInterfaces } = this.options;
    try {
      if (this.avahi?.presence === presence) {
        this.say('avahi', await this.avahi.announcement.update(order));
        return;
      }
      const { server, gone } = presence;
      const announcement = new AvahiAnnouncement({ server, gone, order, listInterfaces });
      this.avahi?.announcement.dispose();
      this.avahi = { announcement, presence };
      // Whether avahi-daemon lets us is known before the own responder gives up its place.
      await announcement.prepare();
      await this.stopItself();
      announcement.onEvent((event) => {
        if (event.kind === 'announced') this.say('avahi', event.name);
        else watch.abandon(`avahi-daemon cannot be used: ${event.message}`);
      });
      this.say('avahi', await announcement.publish());
      watch.confirm();
    } catch (error) {
      // When avahi-daemon has gone, or this process ends, what comes next is under way already.
      if (presence.gone.aborted || this.isStopped) return;
      this.avahi?.announcement.dispose();
      this.avahi = undefined;
      watch.abandon(`avahi-daemon cannot be used: ${toError(error).message}`);
    }
  }

  private async announceItself(order: AnnouncementOrder, because: string): Promise<void> {
    await this.withdrawFromAvahi();
    const text = JSON.stringify(order);
    if (this.own?.order !== text) {
      await this.stopItself();
      const sayName = (name: string) => this.say('own-responder', name, because);
      const announcement = await abortable(
        this.options.announceByOwnResponder(order, sayName),
        withDeadline(ownTimeoutMs, 'the own responder'),
      );
      if (this.isStopped) {
        await announcement.stop();
        return;
      }
      this.own = { announcement, order: text };
    }
    this.say('own-responder', this.own.announcement.name, because);
  }

  private async withdrawFromAvahi(): Promise<void> {
    const { avahi } = this;
    if (avahi === undefined) return;
    this.avahi = undefined;
    await avahi.announcement.withdraw(withDeadline(withdrawTimeoutMs, 'avahi-daemon')).catch(toError);
    avahi.announcement.dispose();
  }

  private async stopItself(): Promise<void> {
    const { own } = this;
    this.own = undefined;
    if (own === undefined) return;
    try {
      await abortable(own.announcement.stop(), withDeadline(ownTimeoutMs, 'the goodbye'));
    } catch (error) {
      this.options.onFailed(toError(error));
      throw error;
    }
  }

  private say(by: AnnouncerEvent['by'], name: string, because?: string): void {
    this.options.say({ event: 'announced', name, by, ...(because === undefined ? {} : { because }) });
  }
}
