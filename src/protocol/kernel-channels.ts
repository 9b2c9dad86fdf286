import { failed, parsed, type Parsed } from '../base/parse';

/** The subprotocol in which messages are not parsed (jupyter_server, "WebSocket kernel wire protocol"). */
export const kernelSubprotocol = 'v1.kernel.websocket.jupyter.org';

/** The channels that a WebSocket carries. */
export const kernelChannels = ['shell', 'control', 'stdin', 'iopub'] as const;

/** One of {@link kernelChannels}. */
export type KernelChannel = (typeof kernelChannels)[number];

/** The channels on which a client may send. */
export const clientChannels: readonly KernelChannel[] = ['shell', 'control', 'stdin'];

/** How much a client may be behind before its WebSocket is closed with {@link closeCodes.tooSlow}. */
export const maxBacklogBytes = 64 * 1024 * 1024;

/**
 * The query of a client that knows by their `msg_id` the messages that it received, in {@link kernelSubprotocol}. Its value is a name for what
 * remembers them. When its connection was lost, such a client is sent again over the next one of the same name what it may not have received, and
 * takes each message once.
 */
export const receiverQuery = 'receiver';

/**
 * The keeper learns what a client with a {@link receiverQuery} has received by the pongs to its pings, whose payload is the number of the last
 * message before them (64 bits little-endian, counted from 1 on each connection). No more than about so many are on the way at once.
 */
export const maxUnconfirmedMessages = 4096;

/** The largest message taken from a client. */
export const maxClientMessageBytes = 512 * 1024 * 1024;

/** Codes of ours with which a WebSocket is closed (RFC 6455 §7.4.2, 4000 to 4999). */
export const closeCodes = {
  /** The client read too slowly; the reason says how far it was behind. */
  tooSlow: 4008,
  /** The sign-in ended while the connection was open. */
  signedOut: 4001,
  /** The kernel was shut down. */
  kernelEnded: 4004,
} as const;

/**
 * The parts of a kernel message as they go over ZMQ and WebSocket: `header`, `parent_header`, `metadata` and `content` as JSON text in
 * bytes, then any number of binary buffers (Jupyter messaging, "Wire protocol").
 */
export type MessageParts = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]];

/** A message with the channel it goes by. */
export interface ChannelMessage {
  readonly channel: KernelChannel;
  readonly parts: MessageParts;
}

/**
 * The v1 frame of a message as a list of pieces, in order: the offsets, then the parts themselves, uncopied. All numbers are 64 bits
 * little-endian: how many offsets, the offsets of channel, header, parent header, metadata, content and each buffer, and the end.
 */
export function encodeChannelMessage({ channel, parts }: ChannelMessage): Uint8Array[] {
  const name = channelNames[channel];
  const count = parts.length + 2;
  const head = Buffer.allocUnsafe(8 * (count + 1));
  let offset = head.length;
  head.writeUInt32LE(count, 0);
  head.writeUInt32LE(0, 4);
  let position = 8;
  const write = (value: number) => {
    head.writeUInt32LE(value % 0x1_0000_0000, position);
    head.writeUInt32LE(Math.floor(value / 0x1_0000_0000), position + 4);
    position += 8;
  };
  write(offset);
  offset += name.length;
  for (const part of parts) {
    write(offset);
    offset += part.byteLength;
  }
  write(offset);
  return [head, name, ...parts];
}

const channelNames = {
  shell: Buffer.from('shell'),
  control: Buffer.from('control'),
  stdin: Buffer.from('stdin'),
  iopub: Buffer.from('iopub'),
} as const;

/** Reads a v1 frame without copying: the parts are views of it. */
export function decodeChannelMessage(frame: Buffer): Parsed<ChannelMessage> {
  if (frame.length < 8) return failed('v1 frame: shorter than its head');
  const count = Number(frame.readBigUInt64LE(0));
  if (count < 6 || count > 4096 || frame.length < 8 * (count + 1))
    return failed('v1 frame: impossible number of offsets');
  const offsets: number[] = [];
  let last = 8 * (count + 1);
  for (let index = 0; index < count; index += 1) {
    const offset = Number(frame.readBigUInt64LE(8 * (index + 1)));
    if (offset < last || offset > frame.length) return failed('v1 frame: offsets out of order');
    offsets.push(offset);
    last = offset;
  }
  const pieces: Buffer[] = [];
  for (let index = 0; index + 1 < offsets.length; index += 1)
    pieces.push(frame.subarray(offsets[index], offsets[index + 1]));
  const channel = toChannel(pieces[0]?.toString('latin1'));
  if (channel === undefined) return failed('v1 frame: unknown channel');
  const [, header, parent, metadata, content, ...buffers] = pieces;
  if (header === undefined || parent === undefined || metadata === undefined || content === undefined) {
    return failed('v1 frame: parts are missing');
  }
  return parsed({ channel, parts: [header, parent, metadata, content, ...buffers] });
}

/** The channel of that name. */
export function toChannel(name: unknown): KernelChannel | undefined {
  return kernelChannels.find((channel) => channel === name);
}
