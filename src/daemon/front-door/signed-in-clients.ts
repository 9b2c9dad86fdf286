import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { within } from '../../base/time';
import { WireError } from '../../protocol/errors';
import type { Asker, Door, Supervisor, SupervisorAnswer } from '../../protocol/supervisor';
import { unauthorized } from './authorization';

/** A token that the supervisor has confirmed. */
interface Client {
  readonly token: string;
  readonly user: string;
  readonly door: Door;
  readonly checkedAtMs: number;
  /** The connections on which it was used; they end with it. */
  readonly sockets: Set<Socket>;
}

/** A token that the supervisor is asked about, and what ended since it was asked. */
interface Question {
  readonly token: string;
  /** How often this token was signed out or refused. */
  endings: number;
  /** Who signed out everywhere. Whose token it is, often only the answer says. */
  readonly endedUsers: Set<string>;
  /** How many want to know who have not gone. */
  wanted: number;
  /** Aborts when all have gone: then the question does not wait for room any more. One that was sent goes on, since its answer is worth the same later. */
  gone: AbortController;
}

/** Where a request comes from whose token may be nobody's, and what aborts when its client has gone. */
type Origin = Extract<Asker, { readonly source: string }>;

const resumeTimeoutMs = 40_000;
/** How often a token is asked about again because something ended meanwhile, before its holder is told to come back. */
const maxAskedAgain = 3;

/**
 * What the front door remembers of tokens: the supervisor's answer for a while, and which connections belong to which token, so that sign-out,
 * expiry and refusal close them. It holds only tokens that were valid; a wrong one leaves nothing behind.
 */
export class SignedInClients implements Disposable {
  private readonly clients = new Map<string, Client>();
  private readonly resuming = new Map<
    string,
    { readonly question: Question; readonly answer: Promise<Client> }
  >();
  /** The users whose open connections are being checked. */
  private readonly rechecking = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  /**
   * Counts changes of what is allowed, so that no answer of the supervisor from before one is believed after it. Sign-outs are not among them:
   * they are noted where they matter, for strangers can send as many as they like.
   */
  private changes = 0;

  constructor(
    private readonly supervisor: Pick<Supervisor, 'resume'>,
    private readonly recheckIntervalMs: number,
    private readonly log: Logger,
    /** Milliseconds of a clock that does not go back: on one that does an answer would be believed for too long. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.timer = setInterval(() => this.recheck(), Math.max(50, recheckIntervalMs / 2));
    this.timer.unref();
  }

  /**
   * The user and the way to the agent for a token. Rejects with a {@link WireError}: `unauthorized`, or `agent-unavailable`. With `isFresh` the
   * supervisor is asked whatever is remembered, which starts an agent that has gone. The origin counts as long as the user is not known.
   */
  async find(
    token: string,
    origin: Origin,
    isFresh = false,
  ): Promise<{ readonly user: string; readonly door: Door }> {
    const known = this.clients.get(keyOf(token));
    if (!isFresh && known !== undefined && this.now() - known.checkedAtMs < this.recheckIntervalMs)
      return known;
    return this.resume(token, this.askerOf(token, origin));
  }

  /** For whom something about this token is asked: its user where that is known, else whoever is there. */
  askerOf(token: string, origin: Origin): Asker {
    const client = this.clients.get(keyOf(token));
    if (client === undefined) return origin;
    const { user } = client;
    return origin.gone === undefined ? { user } : { user, gone: origin.gone };
  }

  /** Remembers a sign-in that was just made. */
  add(token: string, user: string, door: Door): void {
    this.remember({ token, user, door, checkedAtMs: this.now(), sockets: new Set() });
  }

  /** Notes that a connection is used with this token, so that it ends with it. */
  attach(token: string, socket: Socket): void {
    const client = this.clients.get(keyOf(token));
    if (client === undefined || client.sockets.has(socket)) return;
    client.sockets.add(socket);
    socket.once('close', () => client.sockets.delete(socket));
  }

  /**
   * Forgets a token, or all of its user, and closes their connections. An answer about one of them that is on its way is not believed. Everywhere is
   * only for what the supervisor has not refused: where the user is not known, it doubts what is on its way for anybody.
   */
  remove(token: string, isEverywhere: boolean): void {
    const client = this.clients.get(keyOf(token));
    this.noteEnding(token, isEverywhere, client?.user);
    if (client === undefined) return;
    for (const other of [...this.clients.values()])
      if (other === client || (isEverywhere && other.user === client.user)) this.end(other);
  }

  /**
   * Believes no answer from before this any more: what is allowed has changed. Those with open connections are asked about now, the others when
   * they are used.
   */
  recheckAll(): void {
    this.changes += 1;
    for (const [key, client] of this.clients)
      this.clients.set(key, { ...client, checkedAtMs: Number.NEGATIVE_INFINITY });
    this.recheck();
  }

  dispose(): void {
    clearInterval(this.timer);
    this.clients.clear();
  }

  private noteEnding(token: string, isEverywhere: boolean, user: string | undefined): void {
    const own = this.resuming.get(keyOf(token))?.question;
    if (own !== undefined) own.endings += 1;
    if (!isEverywhere) return;
    for (const { question } of this.resuming.values())
      if (user === undefined) question.endings += 1;
      else question.endedUsers.add(user);
  }

  private resume(token: string, asker: Asker): Promise<Client> {
    const key = keyOf(token);
    const running = this.resuming.get(key);
    if (running !== undefined) {
      noteWant(running.question, asker);
      return running.answer;
    }
    const gone = new AbortController();
    const question: Question = { token, endings: 0, endedUsers: new Set(), wanted: 0, gone };
    noteWant(question, asker);
    const answer = this.ask(question, asker).finally(() => this.resuming.delete(key));
    this.resuming.set(key, { question, answer });
    return answer;
  }

  private async ask(question: Question, asker: Asker): Promise<Client> {
    const { token, endedUsers } = question;
    for (let timesAsked = 0; timesAsked <= maxAskedAgain; timesAsked += 1) {
      const [changesBefore, endingsBefore] = [this.changes, question.endings];
      endedUsers.clear();
      const answer = await within(resumeTimeoutMs, 'the check of a token', undefined, (signal) =>
        this.supervisor.resume({ kind: 'resume', token }, signal, {
          ...asker,
          gone: question.gone.signal,
        }),
      );
      const isOutdated = endingsBefore !== question.endings || changesBefore !== this.changes;
      if (answer.kind !== 'resumed' || (!isOutdated && !endedUsers.has(answer.user)))
        return this.take(token, answer);
    }
    const words = 'what is allowed on this host changed while the sign-in was looked at; try again';
    throw new WireError('agent-unavailable', words);
  }

  private take(token: string, answer: SupervisorAnswer<'resumed' | 'refused' | 'unavailable'>): Client {
    switch (answer.kind) {
      case 'resumed':
        return this.remember({
          token,
          user: answer.user,
          door: answer.door,
          checkedAtMs: this.now(),
          sockets: this.clients.get(keyOf(token))?.sockets ?? new Set(),
        });
      case 'unavailable':
        if (answer.endsConnections === true) this.endIfKnown(token);
        throw new WireError('agent-unavailable', answer.message);
      case 'refused':
        this.endIfKnown(token);
        throw unauthorized();
    }
  }

  private remember(client: Client): Client {
    this.clients.set(keyOf(client.token), client);
    return client;
  }

  private endIfKnown(token: string): void {
    const client = this.clients.get(keyOf(token));
    if (client !== undefined) this.end(client);
  }

  private end(client: Client): void {
    this.clients.delete(keyOf(client.token));
    this.log.info(
      `a sign-in of ${client.user} counts no more; its connections are closed (${client.sockets.size})`,
    );
    for (const socket of client.sockets) socket.destroy();
  }

  /**
   * Tokens with open connections are checked again when the time has come; the others are forgotten until they are used. Users do not wait for
   * each other: somebody whose agent takes its time must not keep another one's connections from being cut off.
   */
  private recheck(): void {
    const dueBeforeMs = this.now() - this.recheckIntervalMs;
    const due = new Map<string, Client[]>();
    for (const client of [...this.clients.values()]) {
      if (client.checkedAtMs > dueBeforeMs) continue;
      if (client.sockets.size === 0) this.clients.delete(keyOf(client.token));
      else if (!this.rechecking.has(client.user))
        due.set(client.user, [...(due.get(client.user) ?? []), client]);
    }
    for (const [user, clients] of due) {
      this.rechecking.add(user);
      const changesBefore = this.changes;
      void this.recheckUser(clients).finally(() => {
        this.rechecking.delete(user);
        // Some of them were asked about before the change.
        if (changesBefore !== this.changes) this.recheck();
      });
    }
  }

  /** Never rejects. */
  private async recheckUser(clients: readonly Client[]): Promise<void> {
    for (const { token, user } of clients)
      await this.resume(token, { user }).catch((error: unknown) =>
        this.log.debug(`check of a sign-in of ${user}: ${toError(error).message}`),
      );
  }
}

/** Who does not say when they have gone stays. */
function noteWant(question: Question, { gone }: Asker): void {
  question.wanted += 1;
  // It was sent, or else it would be over: somebody wants it again.
  if (question.gone.signal.aborted) question.gone = new AbortController();
  const leave = () => {
    question.wanted -= 1;
    if (question.wanted === 0) question.gone.abort(gone?.reason);
  };
  if (gone?.aborted === true) leave();
  else gone?.addEventListener('abort', leave, { once: true });
}

function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
