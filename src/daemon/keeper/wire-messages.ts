import { randomUUID } from 'node:crypto';
import type { MessageParts } from '../../protocol/kernel-channels';
import type { MessageSigner } from './message-signer';

const delimiter = Buffer.from('<IDS|MSG>');

/** What came out of a multipart message of ZMQ. */
export type ReceivedFrames =
  | { readonly kind: 'message'; readonly parts: MessageParts }
  | { readonly kind: 'bad-signature' }
  | { readonly kind: 'malformed' };

/** Takes routing ids or the topic away, checks the signature, and gives the parts as they are, uncopied and unparsed. */
export function fromFrames(frames: readonly Buffer[], signer: MessageSigner): ReceivedFrames {
  const start = frames.findIndex((frame) => frame.equals(delimiter));
  const [signature, header, parent, metadata, content, ...buffers] = frames.slice(start + 1);
  if (start < 0 || signature === undefined || header === undefined) return { kind: 'malformed' };
  if (parent === undefined || metadata === undefined || content === undefined) return { kind: 'malformed' };
  const parts: MessageParts = [header, parent, metadata, content, ...buffers];
  return signer.isSignedBy(signature, parts) ? { kind: 'message', parts } : { kind: 'bad-signature' };
}

/** The frames of a message on a socket whose other end adds and strips the routing id itself. */
export function toFrames(parts: MessageParts, signer: MessageSigner): Uint8Array[] {
  return [delimiter, Buffer.from(signer.sign(parts), 'latin1'), ...parts];
}

/** What is needed of a header to route a message. */
export interface HeaderFacts {
  readonly messageId: string;
  readonly messageType: string;
  readonly session: string;
}

/** Reads a header or parent header. What is missing is empty; what is no JSON object is `undefined`. */
export function readHeader(part: Uint8Array): HeaderFacts | undefined {
  const read = readJsonObject(part);
  if (read === undefined) return undefined;
  const text = (key: string) => (typeof read[key] === 'string' ? read[key] : '');
  return { messageId: text('msg_id'), messageType: text('msg_type'), session: text('session') };
}

/** A part that is a JSON object. */
export function readJsonObject(part: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(toBuffer(part).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // A kernel that sends something else is passed through all the same; it only cannot be routed by it.
    return undefined;
  }
}

const statusMark = Buffer.from('"status"');

/** Whether a header can be that of a status message: a search over some 200 bytes instead of a parse for each of thousands of messages. */
export function canBeStatus(header: Uint8Array): boolean {
  return toBuffer(header).includes(statusMark);
}

/** The same bytes with a Buffer's methods; what comes from ZMQ and WebSockets is one already. */
function toBuffer(part: Uint8Array): Buffer {
  return Buffer.isBuffer(part) ? part : Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}

/** A message of the keeper's own, unsigned, with the id under which an answer will come. */
export function createMessage(
  messageType: string,
  content: Readonly<Record<string, unknown>>,
  session: string,
): { readonly messageId: string; readonly parts: MessageParts } {
  const messageId = randomUUID();
  const header = {
    msg_id: messageId,
    msg_type: messageType,
    session,
    username: 'remote-kernels',
    date: new Date().toISOString(),
    version: '5.4',
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  return { messageId, parts: [json(header), json({}), json({}), json(content)] };
}
