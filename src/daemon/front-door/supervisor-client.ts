import type { Duplex } from 'node:stream';
import { Emitter } from '../../base/event';
import type { Disposable } from '../../base/disposable';
import { parseJson } from '../../base/parse';
import { abortable } from '../../base/time';
import {
  maxSupervisorMessageBytes,
  parseSupervisorResponse,
  type Asker,
  type Supervisor,
  type SupervisorAnswer,
  type SupervisorQuestion,
  type SupervisorRequest,
  type SupervisorResponse,
} from '../../protocol/supervisor';
import { readBoundedLines } from '../platform/bounded-lines';
import { sourceOf } from '../platform/network-source';
import { RequestRoom } from './request-room';

type Kind = SupervisorRequest['kind'];

type Answer = SupervisorAnswer<SupervisorResponse['kind']>;

interface Waiting {
  readonly answerKinds: readonly SupervisorResponse['kind'][];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  /** The supervisor counts a question until it has answered, also where nobody waits for that any more. */
  readonly giveBack: () => void;
}

/** Who asks without saying so is one of all those. */
const unknownAsker: Asker = { source: '' };

/** What a sign-in is told that finds no room. */
const noRoom = { kind: 'wait', retryAfterMs: 2_000 } as const;

const answerKindsOf = {
  signIn: ['signedIn', 'more', 'refused', 'wait', 'unavailable'],
  resume: ['resumed', 'refused', 'unavailable'],
  signOut: ['signedOut', 'refused', 'unavailable'],
} as const satisfies Record<Kind, readonly SupervisorResponse['kind'][]>;

/**
 * The supervisor at the other end of a channel. Anything on the channel that is not a whole, known answer to a question that was asked means that
 * the two ends do not understand each other: the channel is given up, every question rejects, and `onLost` fires once with the reason.
 */
export class SupervisorClient implements Supervisor, Disposable {
  private readonly waiting = new Map<number, Waiting>();
  private readonly room = new RequestRoom();
  private readonly ending = new AbortController();
  private readonly lostEmitter = new Emitter<Error>();
  private lastId = 0;
  private lost: Error | undefined;

  constructor(private readonly channel: Duplex) {}

  /** Fires once, when nothing more can be asked. */
  readonly onLost = this.lostEmitter.event;

  /** Begins to read the channel. */
  start(): void {
    readBoundedLines(this.channel, maxSupervisorMessageBytes, {
      onLine: (line) => this.receive(line),
      onTooLong: () => this.lose('an answer of the supervisor is too long'),
      onEnd: () => this.lose('the channel to the supervisor has ended'),
    });
    this.channel.on('error', (error) => this.lose(`the channel to the supervisor broke: ${error.message}`));
    this.channel.once('close', () => this.lose('the channel to the supervisor is closed'));
  }

  /**
   * What does not fit into a message is no sign-in of anybody, since names and answers are shorter: it is refused here. When too many are under
   * way it is to `wait`.
   */
  async signIn(question: SupervisorQuestion<'signIn'>, signal: AbortSignal) {
    const source = sourceOf(question.address);
    const giveBack = this.room.takeForSignIn(source);
    if (giveBack === undefined) return noRoom;
    const answer = await this.ask('signIn', question, giveBack, signal);
    if (answer.kind === 'signedIn') this.room.signedInFrom(source);
    return answer;
  }

  async resume(question: SupervisorQuestion<'resume'>, signal: AbortSignal, asker: Asker = unknownAsker) {
    const giveBack = this.room.takeForOther(asker) ?? (await this.waitForRoom(asker, signal));
    return this.ask('resume', question, giveBack, signal);
  }

  async signOut(question: SupervisorQuestion<'signOut'>, signal: AbortSignal, asker: Asker = unknownAsker) {
    const giveBack = this.room.takeForOther(asker) ?? (await this.waitForRoom(asker, signal));
    return this.ask('signOut', question, giveBack, signal);
  }

  dispose(): void {
    this.lose('the front door ends');
    this.lostEmitter.dispose();
  }

  private waitForRoom(asker: Asker, signal: AbortSignal): Promise<() => void> {
    return this.room.waitForOther(asker, AbortSignal.any([signal, this.ending.signal]));
  }

  private async ask<K extends Kind>(
    kind: K,
    question: SupervisorQuestion<K>,
    giveBack: () => void,
    signal: AbortSignal,
  ): Promise<SupervisorAnswer<(typeof answerKindsOf)[K][number]>> {
    const id = ++this.lastId;
    const line = `${JSON.stringify({ id, ...question })}\n`;
    const isTooLong = Buffer.byteLength(line) > maxSupervisorMessageBytes;
    if (isTooLong || signal.aborted || this.lost !== undefined) {
      giveBack();
      signal.throwIfAborted();
      if (this.lost !== undefined) throw this.lost;
      return { kind: 'refused' } as SupervisorAnswer<(typeof answerKindsOf)[K][number]>;
    }
    const answered = new Promise<Answer>((resolve, reject) => {
      this.waiting.set(id, { answerKinds: answerKindsOf[kind], resolve, reject, giveBack });
    });
    this.channel.write(line);
    // `receive` lets only answers of this question's kinds pass, and forgets the question, also one that nobody waits for any more.
    return (await abortable(answered, signal)) as SupervisorAnswer<(typeof answerKindsOf)[K][number]>;
  }

  private receive(line: string): void {
    const response = parseJson(line, parseSupervisorResponse);
    // The words of the parser could repeat a token or a key of a door.
    if (!response.ok) {
      this.lose('the supervisor answered something that is no answer');
      return;
    }
    const { id, ...answer } = response.value;
    const waiting = this.waiting.get(id);
    if (waiting === undefined || !waiting.answerKinds.includes(answer.kind)) {
      this.lose('the supervisor answered what was not asked');
      return;
    }
    this.waiting.delete(id);
    waiting.giveBack();
    waiting.resolve(answer);
  }

  private lose(reason: string): void {
    if (this.lost !== undefined) return;
    const error = new Error(reason);
    this.lost = error;
    this.ending.abort(error);
    this.channel.destroy();
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.lostEmitter.fire(error);
  }
}
