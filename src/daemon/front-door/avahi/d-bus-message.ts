import { DBusReader, DBusWriter, type DBusValue } from './d-bus-values';

/** A method call as this program makes it. */
export interface DBusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Empty without arguments. */
  readonly signature: string;
  readonly arguments: readonly DBusValue[];
}

/** A message that came, of any kind. What a kind does not have is empty. */
export interface DBusMessage {
  readonly kind: 'call' | 'return' | 'error' | 'signal' | 'unknown';
  readonly serial: number;
  /** The call that this answers. */
  readonly replySerial: number;
  /** The unique name of whoever sent it; the bus itself fills this in, so it is true. */
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly errorName: string;
  readonly body: readonly DBusValue[];
}

const kinds = new Map([
  [1, 'call'],
  [2, 'return'],
  [3, 'error'],
  [4, 'signal'],
] as const);
const callType = 1;
const protocolVersion = 1;
/** The programs called are those that run: no call starts one. */
const noAutoStartFlag = 2;
const fixedHeaderBytes = 16;
const littleEndian = 'l'.charCodeAt(0);
const bigEndian = 'B'.charCodeAt(0);
/** Codes of header fields, in the specification's table "Header Fields". */
const fields = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  sender: 7,
  signature: 8,
} as const;

/** The largest message that is worth reading: everything that this program asks for is far smaller. */
export const maxMessageBytes = 1024 * 1024;
/** The largest message of the protocol (D-Bus specification, "Message Format"). */
const maxProtocolBytes = 128 * 1024 * 1024;

/** The bytes of a call. `serial` is not 0 and not that of another call that waits. */
export function encodeCall(call: DBusCall, serial: number): Buffer {
  const body = new DBusWriter();
  body.write(call.signature, call.arguments);
  const bodyBytes = body.toBuffer();
  const header: DBusValue[] = [
    [fields.path, ['o', call.path]],
    [fields.interface, ['s', call.interface]],
    [fields.member, ['s', call.member]],
    [fields.destination, ['s', call.destination]],
  ];
  if (call.signature !== '') header.push([fields.signature, ['g', call.signature]]);
  const writer = new DBusWriter();
  const start = [littleEndian, callType, noAutoStartFlag, protocolVersion, bodyBytes.length, serial];
  writer.write('yyyyuua(yv)', [...start, header]);
  writer.align(8);
  return Buffer.concat([writer.toBuffer(), bodyBytes]);
}

/**
 * How many bytes the message at the beginning has, or `undefined` while that cannot be known. It may be more than {@link maxMessageBytes}. Throws on
 * what is no message of the protocol.
 */
export function messageSize(bytes: Buffer): number | undefined {
  if (bytes.length < fixedHeaderBytes) return undefined;
  const isLittle = readEndianness(bytes);
  const [bodyBytes, fieldsBytes] = isLittle
    ? [bytes.readUInt32LE(4), bytes.readUInt32LE(12)]
    : [bytes.readUInt32BE(4), bytes.readUInt32BE(12)];
  const size = Math.ceil((fixedHeaderBytes + fieldsBytes) / 8) * 8 + bodyBytes;
  if (size > maxProtocolBytes) throw new Error(`a D-Bus message of ${size} bytes is too long`);
  return size;
}

/** Reads one whole message. Throws on what is no message. */
export function decodeMessage(bytes: Buffer): DBusMessage {
  const reader = new DBusReader(bytes, readEndianness(bytes));
  const [, type, , version, , serial, pairs] = reader.read('yyyyuua(yv)');
  const kind = kinds.get(type as 1 | 2 | 3 | 4) ?? 'unknown';
  if (version !== protocolVersion) throw new Error(`a D-Bus message of version ${String(version)}`);
  const found = new Map((pairs as readonly (readonly [number, DBusValue])[]).map((pair) => pair));
  const text = (code: number) => {
    const value = found.get(code);
    return typeof value === 'string' ? value : '';
  };
  reader.align(8);
  const replySerial = found.get(fields.replySerial);
  return {
    kind,
    serial: typeof serial === 'number' ? serial : 0,
    replySerial: typeof replySerial === 'number' ? replySerial : 0,
    sender: text(fields.sender),
    path: text(fields.path),
    interface: text(fields.interface),
    member: text(fields.member),
    errorName: text(fields.errorName),
    body: reader.read(text(fields.signature)),
  };
}

function readEndianness(bytes: Buffer): boolean {
  const [first] = bytes;
  if (first !== littleEndian && first !== bigEndian) throw new Error('this is no D-Bus message');
  return first === littleEndian;
}
