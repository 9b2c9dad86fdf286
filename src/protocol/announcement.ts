import * as v from 'valibot';
import { failed, parserOf, type Parsed } from '../base/parse';

/**
 * The announcement on the network (RFC 6762, RFC 6763). It is a hint and creates no trust: it names no user, environment or version of
 * the system, and a client checks everything that it says over the authenticated connection.
 */
export const announcement = {
  /** The service type without underscores and protocol, as mDNS libraries take it. */
  type: 'remote-kernels',
  protocol: 'tcp',
  /** `_remote-kernels._tcp.local` */
  domain: '_remote-kernels._tcp.local',
  txtVersion: '1',
} as const;

/** The TXT record. Keys are at most nine characters (RFC 6763 §6.4), the whole stays below 400 bytes. */
export interface AnnouncementText {
  /** `daemonId` of the daemon. */
  readonly id: string;
  /** Protocol version, `major.minor`. */
  readonly v: string;
  /** The first 16 bytes of the pin in base64url. */
  readonly fp: string;
  /** The name to show, UTF-8, at most 63 bytes. */
  readonly name: string;
}

const textSchema = v.object({
  txtvers: v.literal(announcement.txtVersion),
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'not a daemon id')),
  v: v.pipe(v.string(), v.regex(/^\d{1,4}\.\d{1,4}$/, 'not a version')),
  fp: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/, 'not the start of a pin')),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
});

const parseText = parserOf('announcement', textSchema);

/** The record as the library that announces wants it. */
export function formatAnnouncement(text: AnnouncementText): Record<string, string> {
  return {
    txtvers: announcement.txtVersion,
    id: text.id,
    v: text.v,
    fp: text.fp,
    name: truncateUtf8(text.name, 63),
  };
}

/** Reads a TXT record as the browsing library gives it. Keys are compared without case (RFC 6763 §6.4). */
export function parseAnnouncement(record: unknown): Parsed<AnnouncementText> {
  if (typeof record !== 'object' || record === null) return failed('announcement: no TXT record');
  const lower: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) lower[key.toLowerCase()] ??= value;
  const result = parseText(lower);
  if (!result.ok) return result;
  const { id, v: version, fp, name } = result.value;
  return { ok: true, value: { id, v: version, fp, name } };
}

/** Cuts text to that many bytes of UTF-8 without cutting a character. */
export function truncateUtf8(text: string, maxBytes: number): string {
  let result = '';
  let sizeBytes = 0;
  for (const character of text) {
    sizeBytes += Buffer.byteLength(character);
    if (sizeBytes > maxBytes) break;
    result += character;
  }
  return result;
}
