import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { createBackoff, type Backoff } from '../../base/backoff';
import type { Disposable } from '../../base/disposable';
import { Emitter } from '../../base/event';
import type { Logger } from '../../base/logger';
import { parseJson } from '../../base/parse';
import { parseAnnouncerEvent, type AnnouncementOrder, type AnnouncerEvent } from '../../protocol/announcer';
import { endByInput } from '../platform/child-end';

/** What keeps an announcement alive needs from outside. */
export interface AnnouncementOptions {
  /** This program's own file. */
  readonly programFile: string;
  /** What to announce as things are now; `undefined` while there is no interface to announce on. */
  readonly order: () => AnnouncementOrder | undefined;
  readonly log: Logger;
  /** How often `order` is asked whether something has changed. */
  readonly checkIntervalMs: number;
  /** The first wait after a failure; it doubles up to `longestRestartMs`. */
  readonly firstRestartMs: number;
  readonly longestRestartMs: number;
  /** How long a child may take to announce what it was told. */
  readonly answerTimeoutMs: number;
}

/** How often a daemon looks for changes and tries again. */
export const announcementPace = {
  checkIntervalMs: 5_000,
  firstRestartMs: 1_000,
  longestRestartMs: 5 * 60_000,
  answerTimeoutMs: 90_000,
} as const satisfies Partial<AnnouncementOptions>;

/** What became of the announcement. */
export type AnnouncementState =
  | {
      readonly kind: 'announced';
      readonly name: string;
      readonly interfaces: readonly string[];
      readonly by: AnnouncerEvent['by'];
      /** Why not by avahi-daemon. */
      readonly because?: string;
    }
  | { readonly kind: 'failed'; readonly message: string };

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** A child that announced for this long counts as well: the next failure starts the back-off anew. */
const steadyMs = 60_000;
const goodbyeTimeoutMs = 3_000;

/**
 * Keeps a child process announcing this daemon, and never lets it do more than that: whatever the child does, the daemon goes on. A child
 * that ends is started again after a back-off; one that lives is told of each change, of the interfaces as of what is announced.
 */
export class AnnouncementProcess implements Disposable {
  private readonly stateEmitter = new Emitter<AnnouncementState>();
  private child: Child | undefined;
  private now: AnnouncementState | undefined;
  /** What the child was told last, or would have been. */
  private told: AnnouncementOrder | undefined;
  private saidLast = '';
  private restart: NodeJS.Timeout | undefined;
  private check: NodeJS.Timeout | undefined;
  private answer: NodeJS.Timeout | undefined;
  private backoff: Backoff;
  private isStopped = false;
  /** Whether a child is saying goodbye; one after it is started only then. */
  private isEnding = false;

  constructor(private readonly options: AnnouncementOptions) {
    this.backoff = this.freshBackoff();
  }

  /** Fires at each success and each failure. */
  readonly onState = this.stateEmitter.event;

  /** The name under which the daemon is announced now. */
  get announcedName(): string | undefined {
    return this.now?.kind === 'announced' ? this.now.name : undefined;
  }

  /** What became of it last; `undefined` as long as nothing is known. */
  get state(): AnnouncementState | undefined {
    return this.now;
  }

  /** Begins; failures show in `onState` and the log, never as an exception. */
  start(): void {
    this.launch();
    this.check = setInterval(() => this.refresh(), this.options.checkIntervalMs);
    this.check.unref();
  }

  /**
   * Looks whether what is to be announced, or the interfaces to do so on, have changed: the child is told, or one is started without more waiting.
   * This happens by itself after a while; whoever knows of a change need not wait.
   */
  refresh(): void {
    const order = this.options.order();
    if (JSON.stringify(order) === JSON.stringify(this.told) || this.isEnding || this.isStopped) return;
    this.options.log.info('what is announced, or the network interfaces, have changed; announcing anew');
    clearTimeout(this.restart);
    this.backoff = this.freshBackoff();
    const { child } = this;
    if (child === undefined) this.launch();
    else if (order === undefined) this.withdraw(child);
    else {
      this.told = order;
      this.tell(child, order);
    }
  }

  /** Says goodbye and resolves when the child has ended, killed if it takes too long. */
  async stop(): Promise<void> {
    const { child } = this;
    this.stopTimers();
    if (child === undefined) return;
    await endByInput(child, goodbyeTimeoutMs);
  }

  dispose(): void {
    this.stopTimers();
    this.child?.kill('SIGKILL');
    this.stateEmitter.dispose();
  }

  private stopTimers(): void {
    this.isStopped = true;
    clearTimeout(this.restart);
    clearInterval(this.check);
    clearTimeout(this.answer);
  }

  private launch(): void {
    if (this.isStopped || this.isEnding) return;
    const order = this.options.order();
    this.told = order;
    if (order === undefined) {
      this.fail('there is no network interface to announce on');
      return;
    }
    const child = spawn(process.execPath, [this.options.programFile, 'announce'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A Ctrl-C in this terminal is for the daemon, which then ends the child in order.
      detached: true,
    });
    this.child = child;
    this.listen(child);
    child.stdin.on('error', (error) => this.options.log.debug(`announcer: ${error.message}`));
    this.tell(child, order);
  }

  /** Gives a child something to announce, and ends it when it does not do so in time. */
  private tell(child: Child, order: AnnouncementOrder): void {
    const { answerTimeoutMs, log } = this.options;
    clearTimeout(this.answer);
    this.answer = setTimeout(() => {
      log.warn(`the announcer has not announced within ${answerTimeoutMs / 1000} s and is ended`);
      child.kill('SIGKILL');
    }, answerTimeoutMs);
    this.answer.unref();
    child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  private listen(child: Child): void {
    const startedAtMs = Date.now();
    let words = '';
    let isEnded = false;
    const ended = (how: string) => {
      if (isEnded) return;
      isEnded = true;
      if (this.child !== child) return;
      this.forget();
      if (this.isStopped) return;
      if (Date.now() - startedAtMs > steadyMs) this.backoff = this.freshBackoff();
      const last = words.trim().split('\n').at(-1) ?? '';
      this.fail(`the announcer ended (${how})${last === '' ? '' : `: ${last}`}`);
    };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-2_000);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = parseJson(line, parseAnnouncerEvent);
      // The library prints words of its own on standard output, which are no events.
      if (!event.ok) this.options.log.debug(`announcer: ${line.slice(0, 500)}`);
      else if (this.child === child) this.succeed(event.value);
    });
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(signal ?? `exit code ${String(code)}`));
  }

  private succeed(event: AnnouncerEvent): void {
    clearTimeout(this.answer);
    const interfaces = this.told?.interfaces ?? [];
    const words = describe(event, interfaces);
    // A child says what it said before when avahi-daemon still is of no use, and after an order that changed nothing.
    if (words === this.saidLast) return;
    this.saidLast = words;
    this.options.log.info(words);
    const { name, by, because } = event;
    this.change({ kind: 'announced', name, interfaces, by, ...(because === undefined ? {} : { because }) });
  }

  private change(state: AnnouncementState): void {
    this.now = state;
    this.stateEmitter.fire(state);
  }

  private forget(): void {
    clearTimeout(this.answer);
    this.child = undefined;
    this.now = undefined;
    this.saidLast = '';
  }

  private fail(message: string): void {
    const { delayMs } = this.backoff;
    this.backoff = this.backoff.next();
    this.options.log.warn(`not announced: ${message}; next try in ${Math.ceil(delayMs / 1000)} s`);
    this.change({ kind: 'failed', message });
    clearTimeout(this.restart);
    this.restart = setTimeout(() => this.launch(), delayMs);
    this.restart.unref();
  }

  /** There is nothing left to announce on. */
  private withdraw(child: Child): void {
    this.forget();
    this.isEnding = true;
    void endByInput(child, goodbyeTimeoutMs).then(() => {
      this.isEnding = false;
      this.launch();
    });
  }

  private freshBackoff(): Backoff {
    const { firstRestartMs, longestRestartMs } = this.options;
    return createBackoff({ firstMs: firstRestartMs, capMs: longestRestartMs, jitter: 0.2 });
  }
}

function describe({ name, by, because }: AnnouncerEvent, interfaces: readonly string[]): string {
  if (by === 'avahi') return `announced as "${name}" by avahi-daemon`;
  const why = because === undefined ? '' : ` (${because})`;
  return `announced as "${name}" on ${interfaces.join(', ')} by the daemon's own responder${why}`;
}
