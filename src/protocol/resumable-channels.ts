import * as v from 'valibot';
import { failed, parsed, parserOf, type Parsed } from '../base/parse';

/**
 * The subprotocol by which our client asks for a channel that survives its connection. The first text frame of each side is
 * {@link ChannelOpening} and {@link ChannelAnswer}; then binary frames carry numbered messages (see {@link encodeNumbered}) and text frames
 * {@link ChannelNotice}. Nothing of it stands in the address, which ends in the logs of others.
 */
export const resumableSubprotocol = 'v1.resumable.remote-kernels';

/** How long a channel that nobody resumes is kept. */
export const channelLifetimeMs = 24 * 3600 * 1000;

const number = v.pipe(v.number(), v.integer(), v.minValue(0));
const channelId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'not a channel id'));
const client = v.object({ clientId: v.string(), windowId: v.string(), label: v.string() });

const openingSchema = v.variant('kind', [
  v.object({ kind: v.literal('hello'), sessionId: v.pipe(v.string(), v.maxLength(200)), client }),
  v.object({ kind: v.literal('resume'), channelId, lastReceived: number, client }),
]);

/** The client's first frame. `sessionId` is that of the Jupyter messages which the client will send. */
export type ChannelOpening = v.InferOutput<typeof openingSchema>;

/** Reads {@link ChannelOpening}. */
export const parseChannelOpening = parserOf('channel opening', openingSchema);

const answerSchema = v.variant('kind', [
  v.object({ kind: v.literal('opened'), channelId }),
  /** Both sides now send again what comes after these numbers. */
  v.object({ kind: v.literal('resumed'), lastReceived: number, firstAvailable: number }),
  v.object({ kind: v.literal('gone'), message: v.string() }),
]);

/** The keeper's first frame. */
export type ChannelAnswer = v.InferOutput<typeof answerSchema>;

/** Reads {@link ChannelAnswer}. */
export const parseChannelAnswer = parserOf('channel answer', answerSchema);

const noticeSchema = v.variant('kind', [
  v.object({ kind: v.literal('acknowledge'), lastReceived: number }),
  v.object({ kind: v.literal('dropped'), first: number, last: number, sizeBytes: number }),
]);

/** A text frame after the first. */
export type ChannelNotice = v.InferOutput<typeof noticeSchema>;

/** Reads {@link ChannelNotice}. */
export const parseChannelNotice = parserOf('channel notice', noticeSchema);

/** A numbered message: its number as 64 bits little-endian, then the message as in `v1.kernel.websocket.jupyter.org`. */
export function encodeNumbered(messageNumber: number, message: readonly Uint8Array[]): Buffer[] {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(messageNumber));
  return [head, ...message.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))];
}

/** Reads {@link encodeNumbered} without copying. */
export function decodeNumbered(frame: Buffer): Parsed<{ messageNumber: number; message: Buffer }> {
  if (frame.length < 8) return failed('a numbered message has at least 8 bytes');
  const value = frame.readBigUInt64LE(0);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return failed('a message number is at most 2^53 - 1');
  return parsed({ messageNumber: Number(value), message: frame.subarray(8) });
}
