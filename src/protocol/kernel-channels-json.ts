import { failed, parsed, type Parsed } from '../base/parse';
import { toChannel, type ChannelMessage } from './kernel-channels';

/**
 * The older WebSocket protocol of Jupyter, for clients that do not ask for a subprotocol: a message is one JSON text; with buffers it is a
 * binary frame of 32-bit big-endian numbers (how many pieces, then the offset of each), the JSON, and the buffers
 * (jupyter_server, `serialize_binary_message`).
 */
export function encodeJsonMessage({ channel, parts }: ChannelMessage): string | Buffer {
  const [header, parent, metadata, content, ...buffers] = parts;
  const text = Buffer.concat([
    Buffer.from(`{"header":`),
    header,
    ...(header.byteLength > 2 ? identifying(header) : []),
    Buffer.from(',"parent_header":'),
    parent,
    Buffer.from(',"metadata":'),
    metadata,
    Buffer.from(',"content":'),
    content,
    Buffer.from(`,"buffers":[],"channel":"${channel}"}`),
  ]);
  if (buffers.length === 0) return text.toString('utf8');
  const pieces = [text, ...buffers];
  const head = Buffer.alloc(4 * (pieces.length + 1));
  head.writeUInt32BE(pieces.length, 0);
  let offset = head.length;
  pieces.forEach((piece, index) => {
    head.writeUInt32BE(offset, 4 * (index + 1));
    offset += piece.byteLength;
  });
  return Buffer.concat([head, ...pieces]);
}

/** `msg_id` and `msg_type` beside the header, where old clients look for them. */
function identifying(header: Uint8Array): Buffer[] {
  const read = parseRecord(Buffer.from(header).toString('utf8'));
  if (read === undefined) return [];
  return [
    Buffer.from(
      `,"msg_id":${JSON.stringify(read['msg_id'] ?? '')},"msg_type":${JSON.stringify(read['msg_type'] ?? '')}`,
    ),
  ];
}

/** Reads a text or binary frame of the older protocol. */
export function decodeJsonMessage(frame: string | Buffer): Parsed<ChannelMessage> {
  if (typeof frame === 'string') return fromJson(frame, []);
  if (frame.length < 8) return failed('binary message: shorter than its head');
  const count = frame.readUInt32BE(0);
  if (count < 1 || count > 4096 || frame.length < 4 * (count + 1))
    return failed('binary message: impossible number of pieces');
  const offsets: number[] = [];
  let last = 4 * (count + 1);
  for (let index = 0; index < count; index += 1) {
    const offset = frame.readUInt32BE(4 * (index + 1));
    if (offset < last || offset > frame.length) return failed('binary message: offsets out of order');
    offsets.push(offset);
    last = offset;
  }
  const pieces = offsets.map((offset, index) => frame.subarray(offset, offsets[index + 1] ?? frame.length));
  const [text, ...buffers] = pieces;
  return text === undefined ? failed('binary message: empty') : fromJson(text.toString('utf8'), buffers);
}

function fromJson(text: string, buffers: readonly Buffer[]): Parsed<ChannelMessage> {
  const message = parseRecord(text);
  if (message === undefined) return failed('message: not a JSON object');
  // Clients of this protocol may leave the channel out, which has always meant shell.
  const channel =
    message['channel'] === undefined || message['channel'] === null ? 'shell' : toChannel(message['channel']);
  if (channel === undefined) return failed('message: unknown channel');
  if (typeof message['header'] !== 'object' || message['header'] === null)
    return failed('message: no header');
  const part = (key: string) => Buffer.from(JSON.stringify(message[key] ?? {}));
  return parsed({
    channel,
    parts: [part('header'), part('parent_header'), part('metadata'), part('content'), ...buffers],
  });
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // Not JSON is an ordinary answer here: the callers turn it into their own parse error.
    return undefined;
  }
}
