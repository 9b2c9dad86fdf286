import type { Disposable } from '../../base/disposable';
import type { RemoteAgent } from '../remote/remote-agent';
import type { Endpoint, PresentedCertificate } from '../transports/transport';
import { mergeEndpoints } from './endpoints';
import type { Host, HostSource } from './host';
import type { HostConnection } from './host-connection';
import type { HostState } from './host-state';
import { acceptedPinOf, type HostDescription } from './merge';

/** A {@link Host}: what the registry knows of it, over the connection that runs by itself. */
export class KnownHost implements Host, Disposable {
  constructor(
    private described: HostDescription,
    readonly connection: HostConnection,
  ) {}

  /** What the list was last made of. */
  get description(): HostDescription {
    return this.described;
  }

  /** Takes over what was saved, found or proven since. */
  describe(description: HostDescription): void {
    this.described = description;
  }

  get id(): string {
    return this.described.id;
  }

  get name(): string {
    return this.described.name;
  }

  get sources(): ReadonlySet<HostSource> {
    return this.described.sources;
  }

  get endpoints(): readonly Endpoint[] {
    return mergeEndpoints(this.described.endpoints, this.described.claimedEndpoints);
  }

  get state(): HostState {
    return this.connection.state;
  }

  get agent(): RemoteAgent {
    return this.connection.agent;
  }

  get accepted(): Exclude<Host['accepted'], undefined> | undefined {
    const { saved } = this.described;
    const pin = acceptedPinOf(saved);
    return pin === undefined || saved?.acceptedAt === undefined ? undefined : { pin, at: saved.acceptedAt };
  }

  get userName(): string | undefined {
    return this.described.saved?.userName;
  }

  get isSignedOut(): boolean {
    return this.described.saved?.isSignedOut === true;
  }

  get lastSeenAt(): number | undefined {
    const times = [this.described.saved?.lastSeenAt, this.described.announcedAt];
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  get isAnnounced(): boolean {
    return this.described.isAnnounced;
  }

  get roundTripMs(): number | undefined {
    return this.connection.agent.roundTripMs;
  }

  get certificate(): PresentedCertificate | undefined {
    return this.connection.opened?.certificate;
  }

  dispose(): void {
    this.connection.dispose();
  }
}
