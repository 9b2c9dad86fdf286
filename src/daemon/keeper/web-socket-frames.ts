/**
 * Frames of a WebSocket server (RFC 6455 §5: unmasked, without extensions), made here rather than by `ws` so that many small messages go out
 * in one write and large ones are not copied.
 */
export type Opcode = 'text' | 'binary';

const opcodes = { text: 1, binary: 2 } as const;
const continuation = 0;
const finalBit = 0x80;

/** Messages up to this size are copied together into one write. */
export const smallMessageBytes = 16 * 1024;

/**
 * Larger messages are sent in fragments of this size: pings get their turn in between, and each that leaves shows that a slow client still
 * reads.
 */
export const fragmentBytes = 64 * 1024;

/** A small message, to be copied with others into one write by {@link writeSmall}. */
export interface SmallMessage {
  readonly kind: 'small';
  readonly opcode: Opcode;
  readonly pieces: readonly Uint8Array[];
  readonly payloadBytes: number;
  /** With its head. */
  readonly frameBytes: number;
}

/** A large message: frames of several pieces, each to be written whole, none of them copied. */
export interface LargeMessage {
  readonly kind: 'large';
  readonly frames: readonly (readonly Uint8Array[])[];
}

/** A message ready to be written. */
export type EncodedMessage = SmallMessage | LargeMessage;

/** Encodes one message, given in pieces. */
export function encodeMessage(opcode: Opcode, pieces: readonly Uint8Array[]): EncodedMessage {
  let payloadBytes = 0;
  for (const piece of pieces) payloadBytes += piece.byteLength;
  if (payloadBytes > smallMessageBytes)
    return { kind: 'large', frames: toFragments(opcode, pieces, payloadBytes) };
  return { kind: 'small', opcode, pieces, payloadBytes, frameBytes: headSize(payloadBytes) + payloadBytes };
}

/** Writes the frame of a small message into `target` at `start`, where there must be room for its `frameBytes`. */
export function writeSmall(message: SmallMessage, target: Buffer, start: number): void {
  writeHead(target, start, finalBit | opcodes[message.opcode], message.payloadBytes);
  let position = start + headSize(message.payloadBytes);
  for (const piece of message.pieces) {
    target.set(piece, position);
    position += piece.byteLength;
  }
}

function toFragments(opcode: Opcode, pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array[][] {
  const frames: Uint8Array[][] = [];
  const rest = [...pieces];
  for (let left = sizeBytes; left > 0;) {
    const length = Math.min(left, fragmentBytes);
    left -= length;
    const code = (left === 0 ? finalBit : 0) | (frames.length === 0 ? opcodes[opcode] : continuation);
    const head = Buffer.allocUnsafe(headSize(length));
    writeHead(head, 0, code, length);
    frames.push([head, ...takeBytes(rest, length)]);
  }
  return frames;
}

/** Takes that many bytes from the front of the list; a piece that is too long is cut, not copied. */
function takeBytes(pieces: Uint8Array[], length: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (let missing = length; missing > 0;) {
    const piece = pieces.shift();
    if (piece === undefined) break;
    if (piece.byteLength > missing) pieces.unshift(piece.subarray(missing));
    const part = piece.subarray(0, missing);
    missing -= part.byteLength;
    if (part.byteLength > 0) taken.push(part);
  }
  return taken;
}

function headSize(length: number): number {
  if (length < 126) return 2;
  return length < 0x1_0000 ? 4 : 10;
}

function writeHead(target: Buffer, start: number, code: number, length: number): void {
  target[start] = code;
  if (length < 126) target[start + 1] = length;
  else if (length < 0x1_0000) {
    target[start + 1] = 126;
    target.writeUInt16BE(length, start + 2);
  } else {
    target[start + 1] = 127;
    target.writeBigUInt64BE(BigInt(length), start + 2);
  }
}
