import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { toError } from '../../../src/base/errors';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { abortable, until, withDeadline } from '../../../src/base/time';
import {
  maxSupervisorMessageBytes,
  parseSupervisorResponse,
  type SupervisorResponse,
} from '../../../src/protocol/supervisor';
import type { PrivateSystem } from '../../support/private-system';
import type { SystemDaemon } from './system-daemon';

/** What the program in the front door's place can do for a test; see `captured-front-door.py`. */
export type CapturedUse = 'channel' | 'descriptors' | 'stdout' | 'stderr' | 'linger';

/**
 * Puts a program of an attacker in the place of the front door: the daemon of this private system, called as its front door, becomes that program,
 * and is itself otherwise.
 */
export async function captureFrontDoor(system: PrivateSystem): Promise<void> {
  const program = join(dirname(system.programFile), 'captured-front-door.py');
  await copyFile(join(import.meta.dirname, 'captured-front-door.py'), system.outside(program));
  // The part that is read after the front door has given up to be root.
  const file = system.outside(join(dirname(system.programFile), 'daemon-program.js'));
  const detour = [
    "'use strict'; if (process.argv[2] === 'front-door') {",
    `require('node:child_process').spawnSync('/usr/bin/python3', [${JSON.stringify(program)}], { stdio: [0, 1, 2, 3] });`,
    'process.exit(1); }',
  ].join(' ');
  await writeFile(file, `${detour}\n${await readFile(file, 'utf8')}`);
}

/** The port at which the program of that life, counted from 0, waits for the test. */
export async function portOfLife(daemon: SystemDaemon, life: number): Promise<number> {
  const event = await until(
    () => daemon.events.filter((one) => one.event === 'listening')[life],
    withDeadline(60_000, `life ${life} of the front door`),
  );
  return Number(new URL(event.url).port);
}

/** Connects to the program in the front door's place for one use. */
export async function useCaptured(port: number, use: CapturedUse): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // A life that ends takes the connection with it.
  let fault = 'it said nothing';
  socket.on('error', (error) => (fault = error.message));
  socket.write(`${use}\n`);
  const ready = new Promise<void>((resolve) => socket.once('data', () => resolve()));
  const gone = closedOf(socket).then((): never => {
    throw new Error(`the program in the front door's place ended before ${use}: ${fault}`);
  });
  gone.catch(toError);
  await abortable(Promise.race([ready, gone]), withDeadline(60_000, `the program for ${use}`));
  return socket;
}

/** Resolves when a connection has ended, with or without an error. */
export function closedOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** The channel to the supervisor as whoever holds the front door has it. */
export class CapturedChannel {
  /** Everything that the supervisor has said on it. */
  readonly lines: string[] = [];
  private readonly waiting = new Map<number, (response: SupervisorResponse) => void>();
  private lastId = 0;
  private rest = '';
  private settle: () => void = () => undefined;

  /** Resolves when the supervisor or the front door's end has ended it. */
  readonly closed = new Promise<void>((resolve) => {
    this.settle = resolve;
  });

  constructor(private readonly socket: Socket) {}

  /** Begins to read. */
  start(): this {
    this.socket.on('error', () => this.socket.destroy());
    for (const end of ['end', 'close'] as const) this.socket.once(end, () => this.settle());
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.receive(line);
    });
    return this;
  }

  /** Writes what it likes. */
  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends a request under a number of its own and waits for its answer. */
  async ask(request: object): Promise<SupervisorResponse> {
    const id = ++this.lastId;
    const answered = new Promise<SupervisorResponse>((resolve) => this.waiting.set(id, resolve));
    this.write(`${JSON.stringify({ id, ...request })}\n`);
    const lost = this.closed.then((): never => {
      throw new Error('the channel was closed');
    });
    lost.catch(toError);
    return abortable(Promise.race([answered, lost]), withDeadline(90_000, 'an answer of the supervisor'));
  }

  dispose(): void {
    this.socket.destroy();
  }

  private receive(line: string): void {
    if (Buffer.byteLength(line) >= maxSupervisorMessageBytes) throw new Error('an answer is too long');
    this.lines.push(line);
    const response = expectParsed(parseJson(line, parseSupervisorResponse));
    this.waiting.get(response.id)?.(response);
    this.waiting.delete(response.id);
  }
}

/** Asks all, so many at once, and gives the answers in the order of the requests. */
export async function askAll(
  channel: CapturedChannel,
  requests: readonly object[],
  atOnce: number,
): Promise<SupervisorResponse[]> {
  const answers: SupervisorResponse[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < requests.length; index = next++)
      answers[index] = await channel.ask(requests[index] ?? {});
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return answers;
}
