import { toText, type JsonObject, type JsonValue } from './cell-message';
import type { PlainOutputItem } from './cell-output';

/**
 * Richest first: what a person would rather see stands before what stands in for it. Types that match nothing stand after these, before
 * plain text.
 */
const preference: readonly RegExp[] = [
  /^application\/vnd\./,
  /^application\/vdom\./,
  /^application\/geo\+json$/,
  /^text\/html$/,
  /^application\/javascript$/,
  /^image\/svg\+xml$/,
  /^image\/gif$/,
  /^image\/png$/,
  /^image\/(jpeg|webp|bmp)$/,
  /^text\/latex$/,
  /^text\/markdown$/,
  /^application\/json$/,
  /\+json$/,
];

/** The items of a bundle in the order in which they are preferred. */
export function toItems(data: JsonObject): PlainOutputItem[] {
  return Object.entries(data)
    .filter(([, value]) => value !== null)
    .map(([mime, value]) => ({ item: toItem(mime, value), rank: rankOf(mime) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}

function rankOf(mime: string): number {
  if (mime === 'text/plain') return preference.length + 1;
  const rank = preference.findIndex((pattern) => pattern.test(mime));
  return rank < 0 ? preference.length : rank;
}

function toItem(mime: string, value: JsonValue): PlainOutputItem {
  if (isBinary(mime) && isText(value)) return { mime, data: Buffer.from(toText(value), 'base64') };
  if (isJson(mime)) {
    // The value of a JSON type is JSON itself, even if it is a string.
    return { mime, data: JSON.stringify(value) };
  }
  return { mime, data: isText(value) ? toText(value) : JSON.stringify(value) };
}

/**
 * Whether the item holds bytes rather than text. The notebook format carries every binary type in base64, but the editor's serializer turns
 * only images into bytes and back; other types (PDF, sound) stay as the text they are in the file.
 */
export function isBinary(mime: string): boolean {
  return mime.startsWith('image/') && mime !== 'image/svg+xml';
}

function isJson(mime: string): boolean {
  return mime === 'application/json' || mime.endsWith('+json');
}

function isText(value: JsonValue): boolean {
  return (
    typeof value === 'string' || (Array.isArray(value) && value.every((part) => typeof part === 'string'))
  );
}
