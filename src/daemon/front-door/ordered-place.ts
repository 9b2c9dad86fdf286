import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { Sequence } from '../../base/sequence';
import type { FrontDoorEvent, FrontDoorOrder } from '../../protocol/front-door-process';
import { explainListenFault, explainRefusedPlace } from './listen-fault';
import type { FrontDoor } from './front-door';
import type { ListeningPlace } from './listeners';

type Place = Pick<FrontDoorOrder, 'listen' | 'port'>;

/** What a place under orders needs from outside. */
export interface OrderedPlaceOptions {
  readonly frontDoor: Pick<FrontDoor, 'listen'>;
  readonly say: (event: FrontDoorEvent) => void;
  readonly log: Logger;
  /** How soon it is tried again to listen at the place before, where that was lost in the attempt to leave it. */
  readonly returnMs: number;
}

/**
 * Where a front door listens under orders. A place that cannot be had leaves the one before in force, and is told to the supervisor and the log; it
 * is tried again with the next order.
 */
export class OrderedPlace implements Disposable {
  private readonly work = new Sequence();
  private inForce: Place | undefined;
  private told: ListeningPlace | undefined;
  private isRefused = false;
  /** The place before is not to be had back yet, and that was told. */
  private isLost = false;
  private returning: NodeJS.Timeout | undefined;
  private isDisposed = false;

  constructor(private readonly options: OrderedPlaceOptions) {}

  /** Where it listens. Throws before `open`. */
  get addresses(): ListeningPlace {
    if (this.told === undefined) throw new Error('the front door does not listen yet');
    return this.told;
  }

  /** Listens for the first time, or where it did before when the place of the order cannot be had. Rejects when neither can. */
  open(order: FrontDoorOrder): Promise<void> {
    const { frontDoor } = this.options;
    return this.work.run(async () => {
      try {
        this.tell(await frontDoor.listen(order.listen, order.port));
        this.inForce = order;
      } catch (error) {
        const { placeBefore } = order;
        if (placeBefore === undefined) throw error;
        const place = await frontDoor.listen(placeBefore.listen, placeBefore.port).catch(toError);
        // The place that the administrator wants is the one to be told of.
        if (place instanceof Error) throw error;
        this.inForce = placeBefore;
        this.tell(place);
        this.refuse(error);
      }
    });
  }

  /** Goes where a further order says. Never rejects; resolves with whether the place is another one now. */
  follow({ listen, port }: FrontDoorOrder): Promise<boolean> {
    return this.work.run(async () => {
      const { frontDoor, log } = this.options;
      const before = this.addresses;
      const place = { listen, port: port === 0 ? before.port : port };
      try {
        const addresses = await frontDoor.listen(place.listen, place.port);
        clearTimeout(this.returning);
        this.inForce = place;
        if (this.isRefused || !isSame(addresses, before)) this.tell(addresses);
        this.isRefused = false;
        this.isLost = false;
        if (!isSame(addresses, before))
          log.info(
            `listening at port ${addresses.port} on ${addresses.hosts.join(', ')} in place of port ${before.port} on ${before.hosts.join(', ')}; connections that are open stay`,
          );
      } catch (error) {
        if (this.isDisposed) return false;
        await this.goBack(error);
      }
      return !isSame(this.addresses, before);
    });
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.returning);
  }

  /** Listens at the place in force, parts of which may have made room. Between the two another program can have taken them: it is tried until they are back. */
  private async goBack(refused: unknown): Promise<void> {
    const { inForce } = this;
    clearTimeout(this.returning);
    if (inForce === undefined || this.isDisposed) return;
    const { frontDoor, log, returnMs } = this.options;
    try {
      await frontDoor.listen(inForce.listen, this.addresses.port);
      this.refuse(refused);
    } catch (error) {
      const { message } = explainListenFault(error);
      log.error(`the place before cannot be had back yet: ${message}`);
      if (!this.isLost) this.refuse(refused, true);
      this.returning = setTimeout(() => void this.work.run(() => this.goBack(refused)), returnMs);
      this.returning.unref();
    }
  }

  private refuse(error: unknown, isLost = false): void {
    const message = explainRefusedPlace(error, this.addresses, isLost);
    this.isRefused = true;
    this.isLost = isLost;
    this.options.log.error(message);
    this.options.say({ event: 'place-refused', message: message.slice(0, 1024) });
  }

  private tell(addresses: ListeningPlace): void {
    this.told = addresses;
    this.options.say({ event: 'listening', port: addresses.port, hosts: [...addresses.hosts] });
  }
}

function isSame(one: ListeningPlace, other: ListeningPlace): boolean {
  return one.port === other.port && JSON.stringify(one.hosts) === JSON.stringify(other.hosts);
}
