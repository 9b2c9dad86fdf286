import { spawn, type ChildProcess } from 'node:child_process';
import { Duplex, Readable } from 'node:stream';
import { createBackoff, type Backoff, type BackoffPolicy } from '../../../base/backoff';
import type { Disposable } from '../../../base/disposable';
import { toError } from '../../../base/errors';
import { Emitter } from '../../../base/event';
import type { Logger } from '../../../base/logger';
import { parseJson } from '../../../base/parse';
import { delay } from '../../../base/time';
import {
  maxFrontDoorEventBytes,
  parseFrontDoorEvent,
  supervisorDescriptor,
  type FrontDoorEvent,
  type FrontDoorOrder,
} from '../../../protocol/front-door-process';
import { readBoundedLines } from '../../platform/bounded-lines';
import { endByInput } from '../../platform/child-end';
import type { Account } from '../../supervisor/account';
import { relayWords } from './front-door-words';

/** The supervisor's end of a channel; `closed` resolves with the reason when there is nothing more to be said on it. */
export interface ServedChannel extends Disposable {
  readonly closed: Promise<string>;
}

/** What keeps a front door running. */
export interface FrontDoorChildOptions {
  /** The program and its words, with everything that takes its rights away; see {@link frontDoorCommand}. */
  readonly command: readonly [string, ...string[]];
  /** All of its environment; see {@link frontDoorVariables}. */
  readonly variables: Readonly<Record<string, string>>;
  /** What the front door is to do as things are now. */
  readonly order: () => FrontDoorOrder;
  readonly serveChannel: (stream: Duplex) => ServedChannel;
  /** Ends every process that is left of a front door. Resolves with how many it could not end. */
  readonly endRemains: () => Promise<number>;
  readonly backoff: BackoffPolicy;
  readonly log: Logger;
}

/** One that ran for this long counts as well: the next failure starts the back-off anew. */
const steadyMs = 60_000;
/** A front door in order takes less: it says goodbye on the network and finishes answers. */
const stopTimeoutMs = 6_000;
const lastWordsMs = 1_000;
/** Enough to see in the log what is wrong, and too little to fill a disk with. */
const maxNonsense = 20;
/** So many events at once, and so many a second later on: more than one in order has to say, and too little to fill a disk with. */
const burstEvents = 200;
const eventsPerSecond = 10;

/**
 * Runs the program as the front door. It begins as root who can do no more than change the user, and does that first of all (`platform/become-user.ts`):
 * so no other process of that user can ever read its memory, and it ends without rights and without a way to get any.
 */
export function frontDoorCommand(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  programFile: string,
): readonly [string, ...string[]] {
  return [
    '/usr/bin/setpriv',
    ...['--no-new-privs', '--bounding-set=-all,+setuid,+setgid', '--inh-caps=-all'],
    ...['--', process.execPath, programFile, 'front-door', '--as', `${uid}:${gid}`],
  ];
}

/** The variables of the front door: those of its account, and nothing of root's. */
export function frontDoorVariables({ name, home, shell }: Account): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/local/bin:/bin:/usr/bin',
    HOME: home,
    USER: name,
    LOGNAME: name,
    SHELL: shell === '' ? '/bin/sh' : shell,
    // Its threads in the kernel would keep the rights of root.
    UV_USE_IO_URING: '0',
  };
}

/**
 * Keeps one front door running, and believes nothing that it says: its events are for people, and its requests are answered by the supervisor
 * as those of a stranger. One that ends, or breaks the rules of the channel, is replaced after a back-off, and only when no process is left that it may
 * have started.
 */
export class FrontDoorChild implements Disposable {
  private readonly eventEmitter = new Emitter<FrontDoorEvent>();
  private readonly endedEmitter = new Emitter<string>();
  private child: ChildProcess | undefined;
  private backoff: Backoff;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(private readonly options: FrontDoorChildOptions) {
    this.backoff = createBackoff(options.backoff);
  }

  /** What the front door says of itself. */
  readonly onEvent = this.eventEmitter.event;

  /** Fires with the reason each time that a front door has ended without having been asked to. */
  readonly onEnded = this.endedEmitter.event;

  /** The process, while there is one. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the front door, and another one whenever it ends. */
  start(): void {
    this.launch();
  }

  /** Tells the running front door what it is to do now. One that is being started is told anyway. */
  sendOrder(): void {
    this.child?.stdin?.write(`${JSON.stringify(this.options.order())}\n`);
  }

  /** Ends it in order and starts no other. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    if (this.child !== undefined) await endByInput(this.child, stopTimeoutMs);
    await this.clearAway();
  }

  dispose(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.child?.kill('SIGKILL');
    this.eventEmitter.dispose();
    this.endedEmitter.dispose();
  }

  private launch(): void {
    if (this.isStopped) return;
    void this.clearAway().then((isClear) => {
      if (this.isStopped) return;
      if (isClear) this.spawn();
      else this.ended('processes of its user cannot be ended', 0);
    });
  }

  /** Whether nothing is left of any front door. Never rejects. */
  private async clearAway(): Promise<boolean> {
    const { endRemains, log } = this.options;
    try {
      const left = await endRemains();
      if (left > 0) log.error(`${left} processes of its user go on in spite of SIGKILL`);
      return left === 0;
    } catch (error) {
      log.error('the processes of its user cannot be looked at', toError(error));
      return false;
    }
  }

  private spawn(): void {
    const [program, ...words] = this.options.command;
    const child: ChildProcess = spawn(program, words, {
      cwd: '/',
      env: { ...this.options.variables },
      // Not our standard error itself: who has the log open can cut it off and write it anew, and read from root's terminal.
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      // A Ctrl-C in this terminal is for the supervisor, which then ends the front door in order.
      detached: true,
    });
    this.child = child;
    const startedAtMs = performance.now();
    if (child.stderr !== null) relayWords(child.stderr, this.options.log, () => performance.now());
    const channel = this.connect(child);
    let isEnded = false;
    const ended = (how: string) => {
      if (isEnded) return;
      isEnded = true;
      channel?.dispose();
      // What it started may have outlived it, and speaks for no front door any more.
      child.stdout?.destroy();
      child.stderr?.destroy();
      this.ended(how, performance.now() - startedAtMs);
    };
    child.once('error', (error) => ended(error.message));
    // Its last words, which say why, can arrive after its exit.
    const quietOf = (stream: Readable | null) =>
      new Promise<void>((resolve) => stream?.once('close', () => resolve()));
    const quiet = Promise.all([quietOf(child.stdout), quietOf(child.stderr)]);
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${String(code)}`;
      void Promise.race([quiet, delay(lastWordsMs)]).then(() => ended(how));
    });
    child.stdin?.on('error', (error) => this.options.log.debug(`orders: ${error.message}`));
    this.sendOrder();
  }

  private connect(child: ChildProcess): ServedChannel | undefined {
    const { log, serveChannel } = this.options;
    const { stdout } = child;
    const stream: unknown = child.stdio[supervisorDescriptor];
    // Without a process there are no pipes, and `error` follows.
    if (!(stream instanceof Duplex) || !(stdout instanceof Readable)) return undefined;
    let nonsense = 0;
    let isOver = false;
    const room = { events: burstEvents, atMs: performance.now() };
    const end = (reason: string) => {
      isOver = true;
      this.kill(child, reason);
    };
    stdout.on('error', (error) => log.debug(`events: ${error.message}`));
    readBoundedLines(stdout, maxFrontDoorEventBytes, {
      onLine: (line) => {
        // What it goes on to say stands in its pipe when it has been killed.
        if (isOver) return;
        const nowMs = performance.now();
        room.events = Math.min(burstEvents, room.events + ((nowMs - room.atMs) / 1000) * eventsPerSecond);
        room.atMs = nowMs;
        room.events -= 1;
        if (room.events < 0) {
          end('it says more than one in order does');
          return;
        }
        const event = this.receive(line);
        if (event?.event === 'failed') end('it cannot do its work');
        if (event !== undefined) return;
        nonsense += 1;
        if (nonsense > maxNonsense) end('it says what is no event again and again');
      },
      onTooLong: () => this.kill(child, 'it said something that is too long'),
    });
    const channel = serveChannel(stream);
    void channel.closed.then((reason) => this.kill(child, reason));
    return channel;
  }

  /** The event, if the line was one. */
  private receive(line: string): FrontDoorEvent | undefined {
    const event = parseJson(line, parseFrontDoorEvent);
    if (event.ok) this.eventEmitter.fire(event.value);
    else this.options.log.warn(`it said something that is no event (${event.error.path})`);
    return event.ok ? event.value : undefined;
  }

  /** A front door without its channel can do nothing, and one that breaks the rules may be somebody else's by now. */
  private kill(child: ChildProcess, reason: string): void {
    if (this.child !== child || this.isStopped) return;
    this.options.log.debug(`its process is ended: ${reason}`);
    child.kill('SIGKILL');
  }

  private ended(how: string, ranForMs: number): void {
    this.child = undefined;
    if (this.isStopped) return;
    if (ranForMs > steadyMs) this.backoff = createBackoff(this.options.backoff);
    const { delayMs } = this.backoff;
    this.backoff = this.backoff.next();
    this.options.log.warn(`ended (${how}); another one is started in ${(delayMs / 1000).toFixed(1)} s`);
    this.timer = setTimeout(() => this.launch(), delayMs);
    this.endedEmitter.fire(how);
  }
}
