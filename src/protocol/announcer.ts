import * as v from 'valibot';
import { parserOf } from '../base/parse';

/**
 * Between a daemon and its child process `remote-kernels announce`: the daemon writes {@link AnnouncementOrder}s as JSON lines to the child's
 * standard input and keeps it open. Each replaces the one before; the end of the input is the request to say goodbye. The child answers with
 * {@link AnnouncerEvent}s on standard output, one a line, at least one after each order.
 */
const announcementOrderSchema = v.strictObject({
  /** The instance's name, UTF-8, at most 63 bytes. */
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(63)),
  /** The first label of the SRV target: letters, digits and hyphens; `.local` follows. */
  hostLabel: v.pipe(v.string(), v.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'not a host label')),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  text: v.record(v.string(), v.string()),
  /** The names of the network interfaces to announce on. */
  interfaces: v.pipe(v.array(v.string()), v.minLength(1)),
  /** Interface names (all of their addresses) or single addresses to hand out. */
  addresses: v.pipe(v.array(v.string()), v.minLength(1)),
  /** Whether IPv6 addresses are left out. */
  isIPv4Only: v.boolean(),
});

/** What to announce. */
export type AnnouncementOrder = v.InferOutput<typeof announcementOrderSchema>;

/** Reads {@link AnnouncementOrder}. */
export const parseAnnouncementOrder = parserOf('announcement to make', announcementOrderSchema);

/** Who can announce: avahi-daemon for the host, or the child by itself. */
export const announcers = ['avahi', 'own-responder'] as const;

const announcerEventSchema = v.variant('event', [
  v.object({
    event: v.literal('announced'),
    /** Differs from the name asked for when another host has that: `lab-7 (2)`, or `lab-7 #2` as Avahi writes it. */
    name: v.string(),
    by: v.picklist(announcers),
    /** Why it is not announced by Avahi. */
    because: v.optional(v.string()),
  }),
]);

/** What the child says. */
export type AnnouncerEvent = v.InferOutput<typeof announcerEventSchema>;

/** Reads {@link AnnouncerEvent}. */
export const parseAnnouncerEvent = parserOf('announcer event', announcerEventSchema);
