import { isIP } from 'node:net';
import * as v from 'valibot';
import { logLevels } from '../base/logger';
import { parserOf } from '../base/parse';
import { announcers } from './announcer';

/**
 * Between the supervisor of many users and its child, the front door (`remote-kernels front-door`). Three pipes, all inherited:
 *
 * - Standard input: {@link FrontDoorOrder}s, one JSON object a line. The first one starts it; each further one replaces the one before while it
 *   runs and connections stay open. The end of standard input asks it to end in order.
 * - Standard output: {@link FrontDoorEvent}s, one a line, at most {@link maxFrontDoorEventBytes}. Nothing in them decides anything: they are
 *   what the supervisor shows in its log, in `status`, and tells agents about the door they are behind.
 * - Descriptor 3, a socket: the requests and responses of `supervisor.ts`, and no others.
 */
export const maxFrontDoorEventBytes = 4096;

/** The descriptor of the channel to the supervisor. */
export const supervisorDescriptor = 3;

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

const listen = v.pipe(
  v.array(v.strictObject({ host: v.string(), isOptional: v.boolean() })),
  v.minLength(1),
  v.maxLength(64),
);

const frontDoorOrderSchema = v.strictObject({
  daemonId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'not a daemon id')),
  /** The name shown to people. */
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(63)),
  listen,
  /** 0 takes a free one, or for a front door that runs the one that it has. */
  port,
  /** Where a front door that is started listens when it cannot do so there: where the one before did. */
  placeBefore: v.exactOptional(v.strictObject({ listen, port })),
  isAnnounced: v.boolean(),
  certificate: v.strictObject({
    privateKeyPem: v.string(),
    /** The certificate and, after it, those between it and its CA. */
    certificatePem: v.string(),
  }),
  logLevel: v.picklist(logLevels),
});

/** What the front door is to do. It holds the private key, so it goes through a pipe and nowhere else. */
export type FrontDoorOrder = v.InferOutput<typeof frontDoorOrderSchema>;

/** Reads {@link FrontDoorOrder}. */
export const parseFrontDoorOrder = parserOf('front door order', frontDoorOrderSchema);

/** An IP address, with the network interface of one that is of a link. These words come before people, and another front door listens there. */
const address = v.pipe(
  v.string(),
  v.maxLength(64),
  // The same check as that of the configuration, so that every place that can be ordered can be told of.
  v.check((text) => isIP(text) !== 0, 'not an IP address'),
);

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const frontDoorEventSchema = v.variant('event', [
  /** Said at the start, and whenever the place is another one or an order that was refused before is fulfilled. */
  v.strictObject({
    event: v.literal('listening'),
    port,
    hosts: v.pipe(v.array(address), v.maxLength(64)),
  }),
  /** It cannot listen where the last order says, and goes on where it did before. */
  v.strictObject({ event: v.literal('place-refused'), message: v.pipe(v.string(), v.maxLength(1024)) }),
  v.strictObject({
    event: v.literal('announcing'),
    name: v.pipe(v.string(), v.maxLength(255)),
    interfaces: v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(64)),
    by: v.picklist(announcers),
    /** Why not by avahi-daemon. */
    because: v.exactOptional(v.pipe(v.string(), v.maxLength(512))),
  }),
  v.strictObject({
    event: v.literal('announcement-failed'),
    message: v.pipe(v.string(), v.maxLength(1024)),
  }),
  /** It was told not to announce itself any more, and has said goodbye. */
  v.strictObject({ event: v.literal('announcement-ended') }),
  /** Said whenever it changed, at most once a second. */
  v.strictObject({ event: v.literal('connections'), all: count, signedIn: count }),
  /** It cannot do what the order says: the port is taken, the address is not one of this machine. It ends after it. */
  v.strictObject({ event: v.literal('failed'), message: v.pipe(v.string(), v.maxLength(1024)) }),
]);

/** What the front door says of itself. */
export type FrontDoorEvent = v.InferOutput<typeof frontDoorEventSchema>;

/** Reads {@link FrontDoorEvent}. */
export const parseFrontDoorEvent = parserOf('front door event', frontDoorEventSchema);
