import type { FrontDoorEvent, FrontDoorOrder } from '../../../protocol/front-door-process';
import type { ServeOptions } from '../../configuration/serve-options';
import { announcementStatusOf, type AnnouncementStatus } from '../announcement-status';

/** Where a front door is ordered to listen. */
export type OrderedPlace = Pick<FrontDoorOrder, 'listen' | 'port'>;

/** What is known of the front door, from its own words: for people, and where the next one listens if it cannot do so where it should. */
export interface FrontDoorState {
  /** Where it listens; absent before the first one has listened. It stays while another one is started. */
  readonly addresses?: { readonly port: number; readonly hosts: readonly string[] };
  /** The last place of the administrator's configuration at which a front door listened. */
  readonly place?: OrderedPlace;
  /** Why it does not listen where the configuration says. */
  readonly placeProblem?: string;
  /** The last one could not listen at all, so the port that the one before said it had is not to be had. */
  readonly hasFailed?: true;
  /** Absent as long as nothing is known of it, and when there is to be none. */
  readonly announcement?: AnnouncementStatus;
  readonly connections: { readonly all: number; readonly signedIn: number };
}

const noConnections = { all: 0, signedIn: 0 };

/** Before there is a front door. */
export const firstFrontDoorState: FrontDoorState = { connections: noConnections };

/** What is known after an event, with what the configuration of that time says. */
export function afterEvent(
  state: FrontDoorState,
  event: FrontDoorEvent,
  wanted: Pick<ServeOptions, 'listen' | 'port'>,
): FrontDoorState {
  switch (event.event) {
    case 'listening': {
      const { port, hosts } = event;
      const place = placeOf(wanted, { port, hosts });
      return {
        ...withoutProblem(state),
        addresses: { port, hosts },
        ...(place === undefined ? {} : { place }),
      };
    }
    case 'place-refused':
      return { ...state, placeProblem: event.message };
    case 'failed':
      return { ...state, placeProblem: event.message, hasFailed: true };
    case 'announcing':
      return { ...state, announcement: announcementStatusOf({ ...event, kind: 'announced' }) };
    case 'announcement-failed':
      return { ...state, announcement: announcementStatusOf({ kind: 'failed', message: event.message }) };
    case 'announcement-ended':
      return withoutAnnouncement(state);
    case 'connections':
      return { ...state, connections: { all: event.all, signedIn: event.signedIn } };
  }
}

/** What is known when the front door has ended: the next one is to be at the same place. */
export function afterEnd(state: FrontDoorState): FrontDoorState {
  return { ...withoutAnnouncement(state), connections: noConnections };
}

/** The port for the next order: where the configuration takes any free one that is the one that people know by now, as long as it can be had. */
export function portToOrder({ addresses, hasFailed }: FrontDoorState, wanted: number): number {
  if (wanted !== 0 || hasFailed === true) return wanted;
  return addresses?.port ?? 0;
}

function withoutProblem({
  placeProblem: _problem,
  hasFailed: _failed,
  ...rest
}: FrontDoorState): FrontDoorState {
  return rest;
}

function withoutAnnouncement({ announcement: _announcement, ...rest }: FrontDoorState): FrontDoorState {
  return rest;
}

/**
 * What the configuration calls the place at which a front door says that it listens; `undefined` when it says nothing of that place, so that no word of a
 * front door decides where the next one listens.
 */
function placeOf(
  { listen, port }: Pick<ServeOptions, 'listen' | 'port'>,
  said: { readonly port: number; readonly hosts: readonly string[] },
): OrderedPlace | undefined {
  const isMeant =
    (port === 0 || port === said.port) && said.hosts.every((host) => listen.some((one) => one.host === host));
  return isMeant
    ? { listen: listen.map(({ host, isOptional }) => ({ host, isOptional })), port: said.port }
    : undefined;
}
