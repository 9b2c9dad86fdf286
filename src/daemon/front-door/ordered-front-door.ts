import { DisposableStore, type Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { Sequence } from '../../base/sequence';
import type { FrontDoorEvent, FrontDoorOrder } from '../../protocol/front-door-process';
import { announcementOrderOf } from './announcement-order';
import { AnnouncementProcess, announcementPace, type AnnouncementState } from './announcement-process';
import { describeCertificate, type DaemonCertificate } from './daemon-certificate';
import type { FrontDoor } from './front-door';
import { OrderedPlace } from './ordered-place';

/** A front door, and what it is told to be. */
export interface OrderedFrontDoorOptions {
  readonly order: FrontDoorOrder;
  readonly frontDoor: FrontDoor;
  readonly programFile: string;
  readonly say: (event: FrontDoorEvent) => void;
  readonly log: Logger;
}

const countIntervalMs = 1_000;
const returnMs = 2_000;

/**
 * A front door under orders: listens and announces itself, says what becomes of it, and follows further orders without dropping a connection.
 */
export class OrderedFrontDoor implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly work = new Sequence();
  private readonly place: OrderedPlace;
  private announcement: AnnouncementProcess | undefined;
  private name: string;
  private certificate: DaemonCertificate;
  private counting: NodeJS.Timeout | undefined;
  private saidCount = '';

  constructor(private readonly options: OrderedFrontDoorOptions) {
    const { order, frontDoor, say, log } = options;
    this.name = order.name;
    this.certificate = certificateOf(order);
    this.place = this.owned.add(new OrderedPlace({ frontDoor, say, log, returnMs }));
  }

  /** Listens and says so, and begins to announce and to count. Rejects when it cannot listen. */
  async start(): Promise<void> {
    const { order } = this.options;
    await this.place.open(order);
    await this.announce(order);
    this.counting = setInterval(() => this.sayCount(), countIntervalMs);
    this.counting.unref();
    this.owned.addRelease(() => clearInterval(this.counting));
  }

  /**
   * Becomes what a further order says, and looks at all sign-ins anew: it can come of another configuration. What of it cannot be done leaves what was
   * before, and the log says so.
   */
  follow(order: FrontDoorOrder): void {
    const { frontDoor, log } = this.options;
    frontDoor.recheckSignIns();
    this.work
      .run(async () => {
        this.rename(order.name);
        this.renew(order);
        // The agents are told of the other port when they are asked for next.
        if (await this.place.follow(order)) frontDoor.recheckSignIns();
        await this.announce(order);
      })
      .catch((error: unknown) => log.error('an order could not be followed', error));
  }

  /** Ends in order: goodbye on the network, answers under way, connections. */
  async stop(): Promise<void> {
    const { announcement } = this;
    this.owned.dispose();
    await Promise.all([announcement?.stop(), this.options.frontDoor.stop()]);
    announcement?.dispose();
  }

  dispose(): void {
    this.owned.dispose();
    this.announcement?.dispose();
  }

  private rename(name: string): void {
    if (name === this.name) return;
    this.name = name;
    this.options.frontDoor.rename(name);
    this.options.log.info(`the name is now "${name}"`);
  }

  private renew(order: FrontDoorOrder): void {
    const { frontDoor, log } = this.options;
    try {
      const certificate = certificateOf(order);
      if (!frontDoor.renew(certificate)) return;
      log.info(
        certificate.pin === this.certificate.pin
          ? 'the certificate was renewed; the key and its fingerprint stay'
          : `the key was replaced; it has the fingerprint ${certificate.pin}`,
      );
      this.certificate = certificate;
    } catch (error) {
      log.error(
        `the certificate of the order cannot be used and the one before stays: ${toError(error).message}`,
      );
    }
  }

  /** Begins to announce, does so with what is true now, or says goodbye. */
  private async announce({ isAnnounced }: FrontDoorOrder): Promise<void> {
    const { log, say } = this.options;
    const { announcement } = this;
    if (this.owned.isDisposed) return;
    if (isAnnounced) {
      if (announcement === undefined) this.beginToAnnounce();
      else announcement.refresh();
      return;
    }
    if (announcement === undefined) return;
    this.announcement = undefined;
    await announcement.stop();
    announcement.dispose();
    log.info('not announced any more, as configured');
    say({ event: 'announcement-ended' });
  }

  private beginToAnnounce(): void {
    const { programFile, say, log, order } = this.options;
    const { daemonId } = order;
    const announcement = new AnnouncementProcess({
      programFile,
      order: () =>
        announcementOrderOf({
          name: this.name,
          daemonId,
          pin: this.certificate.pin,
          ...this.place.addresses,
        }),
      log: log.child('announcement'),
      ...announcementPace,
    });
    this.announcement = announcement;
    announcement.onState((state) => say(toEvent(state)));
    announcement.start();
  }

  private sayCount(): void {
    const { all, signedIn } = this.options.frontDoor.countConnections();
    const text = `${all} ${signedIn}`;
    if (text === this.saidCount) return;
    this.saidCount = text;
    this.options.say({ event: 'connections', all, signedIn });
  }
}

function certificateOf(order: FrontDoorOrder): DaemonCertificate {
  return describeCertificate(order.certificate.privateKeyPem, order.certificate.certificatePem);
}

/** An event has room for this much, also on a machine with hundreds of interfaces. */
function toEvent(state: AnnouncementState): FrontDoorEvent {
  if (state.kind === 'failed') return { event: 'announcement-failed', message: state.message.slice(0, 1024) };
  return {
    event: 'announcing',
    name: state.name.slice(0, 255),
    interfaces: state.interfaces.slice(0, 64).map((name) => name.slice(0, 64)),
    by: state.by,
    ...(state.because === undefined ? {} : { because: state.because.slice(0, 512) }),
  };
}
