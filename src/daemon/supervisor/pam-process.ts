import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { Disposable } from '../../base/disposable';
import { parseJson } from '../../base/parse';
import { abortable } from '../../base/time';
import {
  maxPamMessageBytes,
  pamDescriptor,
  parsePamMessage,
  type PamAnswers,
  type PamMessage,
  type PamQuestion,
} from '../../protocol/pam';
import { readBoundedLines } from '../platform/bounded-lines';

/** A PAM child needs little; V8 is told, so that it collects in time instead of meeting the limit of the system. */
const heapLimit = '--max-old-space-size=64';
/** All that a child of root gets of an environment: nothing that could steer Node or a module. */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };
/** How long what the child wrote may arrive after its exit. */
const pipeGraceMs = 500;

/** The supervisor's end of one PAM child: an attempt of one person. Disposing it ends the child and what modules left beside it. */
export class PamProcess implements Disposable {
  private readonly messages: PamMessage[] = [];
  private fault: Error | undefined;
  private wake: (() => void) | undefined;
  private words = '';
  private hasEnded = false;
  private grace: NodeJS.Timeout | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly channel: Duplex,
  ) {}

  /** Starts a child of that program file with a question. A child that cannot be started shows in {@link next}. */
  static start(programFile: string, question: PamQuestion): PamProcess {
    const child = spawn(process.execPath, [heapLimit, programFile, 'pam'], {
      env: environment,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // A group of its own, so that programs that modules start end with it.
      detached: true,
    });
    const channel = child.stdio[pamDescriptor];
    const one = new PamProcess(child, channel as Duplex);
    one.listen();
    one.write(question);
    return one;
  }

  /** Answers the prompts that came last. */
  answer(answers: readonly string[]): void {
    this.write({ answers: [...answers] } satisfies PamAnswers);
  }

  /** What the child says next. Rejects when it has ended, says nonsense or the signal aborts. */
  async next(signal: AbortSignal): Promise<PamMessage> {
    for (;;) {
      const message = this.messages.shift();
      if (message !== undefined) return message;
      if (this.fault !== undefined) throw this.fault;
      await abortable(new Promise<void>((resolve) => (this.wake = resolve)), signal);
    }
  }

  /** Calls back once when the child has ended or what it said cannot be used; at once when that is so already. */
  onFault(callback: () => void): void {
    if (this.fault !== undefined) callback();
    else this.child.once('close', callback);
  }

  dispose(): void {
    this.fail('it was ended');
    clearTimeout(this.grace);
    this.channel.destroy();
    this.child.stderr?.destroy();
    if (!this.hasEnded) this.killGroup();
  }

  private listen(): void {
    const { child, channel } = this;
    readBoundedLines(channel, maxPamMessageBytes, {
      onLine: (line) => this.take(line),
      onTooLong: () => this.fail('it wrote too much'),
    });
    channel.on('error', (error) => this.fail(error.message));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.words = (this.words + text).slice(-1_000);
    });
    child.once('error', (error) => this.fail(error.message));
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      const last = this.words.trim().split('\n').at(-1) ?? '';
      this.fail(`it ended with ${signal ?? `exit code ${String(code)}`}${last === '' ? '' : `: ${last}`}`);
    };
    child.once('close', ended);
    child.once('exit', (code, signal) => {
      // While the group has not been signalled its number stays taken only as long as a member lives, so what modules left is ended now.
      this.killGroup();
      this.hasEnded = true;
      this.grace = setTimeout(() => ended(code, signal), pipeGraceMs);
      this.grace.unref();
    });
  }

  private take(line: string): void {
    const message = parseJson(line, parsePamMessage);
    if (!message.ok) {
      this.fail(`it wrote what is no message (${message.error.message})`);
      return;
    }
    if (this.fault !== undefined) return;
    this.messages.push(message.value);
    this.wake?.();
  }

  private fail(how: string): void {
    this.fault ??= new Error(`the PAM child gave no result: ${how}`);
    this.wake?.();
  }

  private write(message: PamQuestion | PamAnswers): void {
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    if (bytes.length > maxPamMessageBytes || this.fault !== undefined) {
      bytes.fill(0);
      this.fail('what the person wrote is too long');
      return;
    }
    this.channel.write(bytes, () => bytes.fill(0));
  }

  private killGroup(): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of the group is left.
    }
  }
}
