import { createHash, timingSafeEqual, type KeyObject } from 'node:crypto';
import { failed, parsed, type Parsed } from '../base/parse';

/**
 * The SHA-256 of a daemon's public key (SPKI, DER) in lower-case hex: 64 characters. It stays the same when the certificate is renewed
 * with the same key.
 */
export type Pin = string & { readonly __pin: true };

/** The pin of a public key. */
export function pinOf(publicKey: KeyObject): Pin {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex') as Pin;
}

/** Reads a pin as written by a person or a file: hex, with spaces or colons between and in either case. */
export function parsePin(text: unknown): Parsed<Pin> {
  if (typeof text !== 'string') return failed('a fingerprint is text');
  const hex = text.replace(/[\s:]/g, '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) ? parsed(hex as Pin) : failed('a fingerprint has 64 hexadecimal digits');
}

/** The pin as people compare it: 16 groups of four characters, both by the client and by `certificate show`. */
export function formatPin(pin: Pin): string {
  return (pin.match(/.{4}/g) ?? []).join(' ');
}

/** The first and last group, for places without room for the whole. It never stands in for a comparison. */
export function formatShortPin(pin: Pin): string {
  return `${pin.slice(0, 4)} … ${pin.slice(-4)}`;
}

/** The first 16 bytes in base64url, as the announcement carries it. */
export function pinHint(pin: Pin): string {
  return Buffer.from(pin, 'hex').subarray(0, 16).toString('base64url');
}

/** Compares two pins in constant time. */
export function isSamePin(one: Pin, other: Pin): boolean {
  const left = Buffer.from(one, 'hex');
  const right = Buffer.from(other, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}
