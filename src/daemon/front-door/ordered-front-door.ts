import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { FrontDoorEvent, FrontDoorOrder } from '../../protocol/front-door-process';
import { announcementOrderOf } from './announcement-order';
import { AnnouncementProcess, announcementPace, type AnnouncementState } from './announcement-process';
import { describeCertificate, type DaemonCertificate } from './daemon-certificate';
import type { FrontDoor } from './front-door';

/** A front door that listens, and what it was told to be. */
export interface OrderedFrontDoorOptions {
  readonly order: FrontDoorOrder;
  readonly frontDoor: FrontDoor;
  readonly addresses: { readonly port: number; readonly hosts: readonly string[] };
  readonly programFile: string;
  readonly say: (event: FrontDoorEvent) => void;
  readonly log: Logger;
}

const countIntervalMs = 1_000;

/**
 * A listening front door under orders: announces itself, says what becomes of it, and follows further orders as far as that is possible without
 * dropping a connection.
 */
export class OrderedFrontDoor implements Disposable {
  private readonly announcement: AnnouncementProcess | undefined;
  private name: string;
  private certificate: DaemonCertificate;
  private counting: NodeJS.Timeout | undefined;
  private saidCount = '';

  constructor(private readonly options: OrderedFrontDoorOptions) {
    const { order, addresses, programFile, log } = options;
    this.name = order.name;
    this.certificate = certificateOf(order);
    const { daemonId } = order;
    this.announcement = order.isAnnounced
      ? new AnnouncementProcess({
          programFile,
          order: () =>
            announcementOrderOf({ name: this.name, daemonId, pin: this.certificate.pin, ...addresses }),
          log: log.child('announcement'),
          ...announcementPace,
        })
      : undefined;
  }

  /** Says that it listens, and begins to announce and to count. */
  start(): void {
    const { addresses, say } = this.options;
    say({ event: 'listening', port: addresses.port, hosts: [...addresses.hosts] });
    this.announcement?.onState((state) => say(toEvent(state)));
    this.announcement?.start();
    this.counting = setInterval(() => this.sayCount(), countIntervalMs);
    this.counting.unref();
  }

  /** Takes name and certificate of a further order, and looks at all sign-ins anew: it can come of another configuration. What needs another front door is left as it is, and the log says so. */
  follow(order: FrontDoorOrder): void {
    const { frontDoor, log } = this.options;
    if (!this.isSamePlace(order))
      log.warn(
        'the order is for another place to listen or to be announced at; the front door stays where it is',
      );
    frontDoor.recheckSignIns();
    if (order.name !== this.name) {
      this.name = order.name;
      frontDoor.rename(order.name);
      log.info(`the name is now "${order.name}"`);
    }
    try {
      const certificate = certificateOf(order);
      if (frontDoor.renew(certificate)) {
        log.info(
          certificate.pin === this.certificate.pin
            ? 'the certificate was renewed; the key and its fingerprint stay'
            : `the key was replaced; it has the fingerprint ${certificate.pin}`,
        );
        this.certificate = certificate;
      }
    } catch (error) {
      log.error(
        `the certificate of the order cannot be used and the one before stays: ${toError(error).message}`,
      );
    }
  }

  /** Ends in order: goodbye on the network, answers under way, connections. */
  async stop(): Promise<void> {
    clearInterval(this.counting);
    await Promise.all([this.announcement?.stop(), this.options.frontDoor.stop()]);
  }

  dispose(): void {
    clearInterval(this.counting);
    this.announcement?.dispose();
  }

  private isSamePlace(order: FrontDoorOrder): boolean {
    const { order: first, addresses } = this.options;
    return (
      (order.port === first.port || order.port === addresses.port) &&
      order.daemonId === first.daemonId &&
      order.isAnnounced === first.isAnnounced &&
      JSON.stringify(order.listen) === JSON.stringify(first.listen)
    );
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
  };
}
