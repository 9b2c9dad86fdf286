import { connect, type Socket } from 'node:net';
import type { Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import { Emitter } from '../../../base/event';
import { abortable, withDeadline } from '../../../base/time';
import {
  decodeMessage,
  encodeCall,
  maxMessageBytes,
  messageSize,
  type DBusCall,
  type DBusMessage,
} from './d-bus-message';
import type { DBusValue } from './d-bus-values';

/** The bus itself, as a destination and as the sender of its signals. */
export const busName = 'org.freedesktop.DBus';

/** A call was answered with an error. */
export class DBusError extends Error {
  constructor(
    /** `org.freedesktop.Avahi.CollisionError` */
    readonly errorName: string,
    words: string,
  ) {
    super(words === '' ? errorName : `${words} (${errorName})`);
    this.name = 'DBusError';
  }
}

const callTimeoutMs = 10_000;
const maxLineBytes = 4096;

type Waiting = {
  readonly resolve: (body: readonly DBusValue[]) => void;
  readonly reject: (error: Error) => void;
};

/**
 * A connection with a message bus, as a client that calls methods and hears signals: the part of the D-Bus specification that an announcement by
 * Avahi needs. Made by {@link connectToBus}; the caller disposes it, upon which the bus tells everybody that this client has gone.
 */
export class DBusConnection implements Disposable {
  private readonly signalEmitter = new Emitter<DBusMessage>();
  private readonly closedEmitter = new Emitter<Error>();
  private readonly waiting = new Map<number, Waiting>();
  private received: Buffer = Buffer.alloc(0);
  /** How much of a message that is too large to be read is still to come. */
  private bytesToSkip = 0;
  private serial = 0;
  private end: Error | undefined;

  constructor(private readonly socket: Socket) {}

  /**
   * Each signal that the bus passes on; whether its sender is to be believed is for the listener to see. A message of more than
   * {@link maxMessageBytes} is left out: any user of the machine may send one, which is no reason to leave the bus.
   */
  readonly onSignal = this.signalEmitter.event;

  /** Fires once, when the other side has ended the connection or sent what is no message. */
  readonly onClosed = this.closedEmitter.event;

  /** Takes over the socket after the handshake. */
  start(): void {
    this.socket.on('data', (bytes: Buffer) => this.receive(bytes));
    this.socket.on('error', (error) => this.close(error));
    this.socket.on('close', () => this.close(new Error('the message bus ended the connection')));
  }

  /** Calls a method. Rejects with a {@link DBusError}, with the signal's reason, or after 10 s without an answer. */
  async call(call: DBusCall, signal?: AbortSignal): Promise<readonly DBusValue[]> {
    if (this.end !== undefined) throw this.end;
    this.serial += 1;
    const { serial } = this;
    const bytes = encodeCall(call, serial);
    try {
      return await abortable(
        new Promise<readonly DBusValue[]>((resolve, reject) => {
          this.waiting.set(serial, { resolve, reject });
          this.socket.write(bytes);
        }),
        withDeadline(callTimeoutMs, `${call.interface}.${call.member}`, signal),
      );
    } finally {
      this.waiting.delete(serial);
    }
  }

  /** Calls a method of the bus itself. */
  callBus(member: string, signature = '', words: readonly DBusValue[] = [], signal?: AbortSignal) {
    const call = { destination: busName, path: '/org/freedesktop/DBus', interface: busName, member };
    return this.call({ ...call, signature, arguments: words }, signal);
  }

  dispose(): void {
    this.signalEmitter.dispose();
    this.closedEmitter.dispose();
    this.close(new Error('the connection with the message bus was ended'));
  }

  private close(error: Error): void {
    if (this.end !== undefined) return;
    this.end = error;
    this.socket.destroy();
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.closedEmitter.fire(error);
  }

  private receive(bytes: Buffer): void {
    this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes]);
    try {
      for (;;) {
        const skipped = Math.min(this.bytesToSkip, this.received.length);
        this.received = this.received.subarray(skipped);
        this.bytesToSkip -= skipped;
        const size = messageSize(this.received);
        if (size === undefined) return;
        if (size > maxMessageBytes) {
          this.bytesToSkip = size;
          continue;
        }
        if (this.received.length < size) return;
        const message = decodeMessage(this.received.subarray(0, size));
        this.received = this.received.subarray(size);
        this.deliver(message);
      }
    } catch (error) {
      this.close(toError(error));
    }
  }

  private deliver(message: DBusMessage): void {
    const { kind, replySerial, errorName, body } = message;
    if (kind === 'signal') this.signalEmitter.fire(message);
    const answered = this.waiting.get(replySerial);
    if (kind === 'return') answered?.resolve(body);
    if (kind === 'error')
      answered?.reject(new DBusError(errorName, typeof body[0] === 'string' ? body[0].slice(0, 500) : ''));
  }
}

/** Connects with a bus on a unix socket, signs in as the user of this process, and says hello. Holds nothing when it rejects. */
export async function connectToBus(path: string, signal: AbortSignal): Promise<DBusConnection> {
  const socket = connect(path);
  try {
    const { line, end } = readLine(socket);
    socket.once('connect', () => socket.write(`\0AUTH EXTERNAL ${hexOfUser()}\r\n`));
    const answer = await abortable(line, signal);
    if (!answer.startsWith('OK ')) throw new Error(`the message bus refuses this user: ${answer}`);
    end();
    socket.write('BEGIN\r\n');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const connection = new DBusConnection(socket);
  connection.start();
  try {
    await connection.callBus('Hello', '', [], signal);
    return connection;
  } catch (error) {
    connection.dispose();
    throw error;
  }
}

/** The mechanism EXTERNAL takes the number of the user in decimal, and that in hexadecimal; the kernel tells the bus whether it is true. */
function hexOfUser(): string {
  return Buffer.from(String(process.geteuid?.() ?? 0)).toString('hex');
}

/** The one line of the handshake that the bus sends. The listeners are there from the beginning, so that no error is without one. */
function readLine(socket: Socket): { readonly line: Promise<string>; readonly end: () => void } {
  let text = '';
  let onData: ((bytes: Buffer) => void) | undefined;
  const line = new Promise<string>((resolve, reject) => {
    onData = (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > maxLineBytes) reject(new Error('this is no message bus'));
    };
    socket.on('data', onData);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the message bus ended the connection')));
  });
  line.catch(toError);
  const end = () => {
    if (onData !== undefined) socket.off('data', onData);
  };
  return { line, end };
}
