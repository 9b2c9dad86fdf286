import { DisposableStore, type Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import { Emitter, nextEvent } from '../../../base/event';
import { Sequence } from '../../../base/sequence';
import { withDeadline } from '../../../base/time';
import { announcement } from '../../../protocol/announcement';
import type { AnnouncementOrder } from '../../../protocol/announcer';
import type { NetworkInterface } from '../../platform/network-interfaces';
import { isEverywhere, planEntries, type AvahiPlan } from './avahi-entries';
import {
  collisionError,
  groupStates,
  serverStates,
  unspecified,
  type AvahiServer,
  type AvahiService,
} from './avahi-server';
import { DBusError } from './d-bus-connection';

/** What became of an announcement after it was made. */
export type AvahiEvent =
  | { readonly kind: 'announced'; readonly name: string }
  | { readonly kind: 'failed'; readonly message: string };

/** What an announcement by Avahi is made with. */
export interface AvahiAnnouncementOptions {
  readonly server: AvahiServer;
  /** Aborts when that avahi-daemon has gone. */
  readonly gone: AbortSignal;
  readonly order: AnnouncementOrder;
  readonly listInterfaces: () => readonly NetworkInterface[];
}

/** Avahi probes a name for about a second, on a busy machine longer; the machine's own name can take several rounds. */
const publishTimeoutMs = 30_000;
/** After so many names that others have there is something else wrong. */
const maxNames = 20;

/** What is in the group: where, under which names. */
interface Entries {
  readonly plan: AvahiPlan;
  readonly services: readonly AvahiService[];
}

/**
 * One daemon's announcement by a running avahi-daemon. It finds another name when a name is taken, and begins anew when avahi-daemon has given the
 * machine another name. All that it published vanishes when the connection with the bus ends, in whatever way.
 */
export class AvahiAnnouncement implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly eventEmitter = this.owned.add(new Emitter<AvahiEvent>());
  private readonly stateEmitter = this.owned.add(new Emitter<void>());
  private readonly work = new Sequence();
  private order: AnnouncementOrder;
  private group = '';
  private entries: Entries | undefined;
  private names = { service: '', host: '' };
  private groupState: number = groupStates.uncommitted;
  private serverState: number = serverStates.invalid;
  private stateWords = '';
  private isPublished = false;
  private isMachineAnnounced = true;

  constructor(private readonly options: AvahiAnnouncementOptions) {
    this.order = options.order;
  }

  /** Fires with what happens by itself after `publish`: another name, or the end. */
  readonly onEvent = this.eventEmitter.event;

  /** Puts everything together without sending anything to the network. Rejects when avahi-daemon does not let us. */
  prepare(): Promise<void> {
    const { server, gone } = this.options;
    return this.work.run(async () => {
      const signal = withDeadline(publishTimeoutMs, 'avahi-daemon', gone);
      this.group = await server.newGroup(signal);
      this.owned.add(
        server.bus.onSignal((message) => {
          const ofGroup = server.stateIn(message, this.group);
          const ofServer = server.stateIn(message);
          if (ofGroup !== undefined) this.follow({ ...ofGroup, isServer: false });
          else if (ofServer !== undefined) this.follow({ ...ofServer, isServer: true });
        }),
      );
      this.serverState = await server.state(signal);
      await this.fill(signal);
    });
  }

  /** Announces. Resolves with the name when the network has not contradicted. */
  publish(): Promise<string> {
    return this.work.run(async () => {
      const signal = withDeadline(publishTimeoutMs, 'avahi-daemon', this.options.gone);
      await this.settle(signal);
      this.isPublished = true;
      return this.names.service;
    });
  }

  /** Announces something else in its place, with as little change as it takes. Resolves with the name. */
  update(order: AnnouncementOrder): Promise<string> {
    return this.work.run(async () => {
      const signal = withDeadline(publishTimeoutMs, 'avahi-daemon', this.options.gone);
      const { order: before, entries } = this;
      this.order = order;
      const isSamePlace =
        entries !== undefined &&
        this.groupState === groupStates.established &&
        before.name === order.name &&
        before.port === order.port &&
        JSON.stringify(this.plan()) === JSON.stringify(entries.plan);
      if (!isSamePlace) await this.anew(signal);
      else if (JSON.stringify(before.text) !== JSON.stringify(order.text))
        for (const service of entries.services)
          await this.options.server.updateText(this.group, { ...service, text: order.text }, signal);
      return this.names.service;
    });
  }

  /**
   * Whether the addresses that were listed for Avahi are others by now, which `update` with the same order puts right. Avahi itself follows only
   * the machine's own.
   */
  get isOutdated(): boolean {
    const { entries } = this;
    return entries?.plan.kind === 'places' && JSON.stringify(this.plan()) !== JSON.stringify(entries.plan);
  }

  /** Says goodbye. Rejects when avahi-daemon does not answer until the signal aborts. */
  async withdraw(signal: AbortSignal): Promise<void> {
    this.isPublished = false;
    if (this.group !== '') await this.options.server.tellGroup(this.group, 'Free', signal);
  }

  dispose(): void {
    this.isPublished = false;
    this.owned.dispose();
  }

  /** Begins again from the names that were asked for. */
  private async anew(signal: AbortSignal): Promise<void> {
    this.isPublished = false;
    await this.empty(signal);
    await this.fill(signal);
    await this.settle(signal);
    this.isPublished = true;
  }

  private async empty(signal: AbortSignal): Promise<void> {
    await this.options.server.tellGroup(this.group, 'Reset', signal);
    this.entries = undefined;
    this.names = { service: '', host: '' };
  }

  /** Puts the entries into the empty group, under the next name where another program of this machine has the one before. */
  private async fill(signal: AbortSignal): Promise<void> {
    const { server } = this.options;
    if (isEverywhere(this.order)) this.isMachineAnnounced = await server.announcesMachine(signal);
    if (this.names.service === '') this.names = { service: this.order.name, host: this.order.hostLabel };
    for (let tries = 1; ; tries += 1)
      try {
        await this.add(signal);
        return;
      } catch (error) {
        if (!(error instanceof DBusError && error.errorName === collisionError) || tries >= maxNames)
          throw error;
        await server.tellGroup(this.group, 'Reset', signal);
        await this.chooseOtherNames(signal);
      }
  }

  private async add(signal: AbortSignal): Promise<void> {
    const { server } = this.options;
    const { order, group, names } = this;
    const plan = this.plan();
    const service = {
      name: names.service,
      type: `_${announcement.type}._${announcement.protocol}`,
      port: order.port,
      text: order.text,
    };
    const services: AvahiService[] = [];
    if (plan.kind === 'everywhere') services.push({ ...service, interfaceIndex: unspecified, host: '' });
    else
      for (const { interfaceName, addresses } of plan.places) {
        const interfaceIndex = await server.interfaceIndex(interfaceName, signal);
        const host = `${names.host}.local`;
        for (const address of addresses)
          await server.addAddress(group, { interfaceIndex, host, address }, signal);
        services.push({ ...service, interfaceIndex, host });
      }
    for (const one of services) await server.addService(group, one, signal);
    this.entries = { plan, services };
  }

  private plan(): AvahiPlan {
    return planEntries(this.order, this.options.listInterfaces(), this.isMachineAnnounced);
  }

  private async chooseOtherNames(signal: AbortSignal): Promise<void> {
    const { server } = this.options;
    const { service, host } = this.names;
    // Which of the two is taken is not told. The host's name is seen by nobody.
    this.names = {
      service: await server.alternativeServiceName(service, signal),
      host: await server.alternativeHostName(host, signal),
    };
  }

  /** Commits the filled group and waits until it is established, under other names as long as the network contradicts. */
  private async settle(signal: AbortSignal): Promise<void> {
    const { server } = this.options;
    for (let tries = 1; ; tries += 1) {
      if (this.serverState !== serverStates.running) {
        await this.untilServerRuns(signal);
        // What was put into the group before may carry a name that the machine has no more.
        await this.empty(signal);
        await this.fill(signal);
      }
      this.groupState = groupStates.uncommitted;
      await server.tellGroup(this.group, 'Commit', signal);
      while (this.groupState <= groupStates.registering && this.serverState === serverStates.running)
        await nextEvent(this.stateEmitter.event, signal);
      if (this.serverState !== serverStates.running) continue;
      if (this.groupState === groupStates.established) return;
      if (this.groupState === groupStates.failure || tries >= maxNames)
        throw new Error(`avahi-daemon could not announce: ${this.stateWords}`);
      await server.tellGroup(this.group, 'Reset', signal);
      await this.chooseOtherNames(signal);
      await this.fill(signal);
    }
  }

  private async untilServerRuns(signal: AbortSignal): Promise<void> {
    while (this.serverState !== serverStates.running) {
      if (this.serverState === serverStates.failure)
        throw new Error(`avahi-daemon failed: ${this.stateWords}`);
      await nextEvent(this.stateEmitter.event, signal);
    }
  }

  /** Takes a state. While something is under way it is waited for there; afterwards it means that something has to be done again. */
  private follow({ state, words, isServer }: { state: number; words: string; isServer: boolean }): void {
    this.stateWords = words;
    if (isServer) this.serverState = state;
    else this.groupState = state;
    this.stateEmitter.fire();
    const isLost = isServer
      ? state !== serverStates.running
      : state === groupStates.collision || state === groupStates.failure;
    if (this.isPublished && isLost) void this.mend();
  }

  private async mend(): Promise<void> {
    this.isPublished = false;
    const { service } = this.names;
    try {
      const name = await this.work.run(async () => {
        const signal = withDeadline(publishTimeoutMs, 'avahi-daemon', this.options.gone);
        await this.anew(signal);
        return this.names.service;
      });
      if (name !== service) this.eventEmitter.fire({ kind: 'announced', name });
    } catch (error) {
      // When avahi-daemon has gone whoever made this hears it in another way.
      if (!this.options.gone.aborted && !this.owned.isDisposed)
        this.eventEmitter.fire({ kind: 'failed', message: toError(error).message });
    }
  }
}
