import { Socket } from 'node:net';
import { decodeMessage, type DBusMessage } from '../../../../src/daemon/front-door/avahi/d-bus-message';
import { DBusWriter, type DBusValue } from '../../../../src/daemon/front-door/avahi/d-bus-values';

/** What a program on a bus sends: the answer to a call, or a signal. */
export interface SentMessage {
  readonly kind: 'return' | 'error' | 'signal';
  readonly sender: string;
  /** The call that is answered; 0 for a signal. */
  readonly replySerial: number;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly DBusValue[];
  /** Of an error. */
  readonly errorName?: string;
}

/** The bytes of a message as a bus passes it on. */
export function messageBytes(message: SentMessage): Buffer {
  const body = new DBusWriter();
  body.write(message.signature, message.body);
  const bodyBytes = body.toBuffer();
  const type = { return: 2, error: 3, signal: 4 }[message.kind];
  const fields: DBusValue[] =
    message.kind !== 'signal'
      ? [[5, ['u', message.replySerial]]]
      : [
          [1, ['o', message.path]],
          [2, ['s', message.interface]],
          [3, ['s', message.member]],
        ];
  if (message.errorName !== undefined) fields.push([4, ['s', message.errorName]]);
  fields.push([7, ['s', message.sender]], [8, ['g', message.signature]]);
  const header = new DBusWriter();
  header.write('yyyyuua(yv)', ['l'.charCodeAt(0), type, 0, 1, bodyBytes.length, 1, fields]);
  header.align(8);
  return Buffer.concat([header.toBuffer(), bodyBytes]);
}

/** A socket without a network: what is written to it is handed to a program, and what that program sends comes out of it. */
export class BusInMemory extends Socket {
  constructor(private readonly onCall: (call: DBusMessage, bus: BusInMemory) => void = () => undefined) {
    super();
  }

  override write(bytes: Uint8Array | string): boolean {
    const call = decodeMessage(Buffer.from(bytes));
    queueMicrotask(() => this.onCall(call, this));
    return true;
  }

  /** The bytes come from the bus, in pieces of that size. */
  passOn(bytes: Buffer, pieceBytes = bytes.length): void {
    for (let at = 0; at < bytes.length; at += pieceBytes)
      this.emit('data', bytes.subarray(at, at + pieceBytes));
  }
}
