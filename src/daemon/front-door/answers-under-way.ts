import type { Duplex } from 'node:stream';

/** One answer that is still to be sent. */
export interface AnswerUnderWay {
  /** Aborts when the connection has closed before the answer was whole, or when the daemon ends. */
  readonly signal: AbortSignal;
  /** The answer is whole. */
  readonly done: () => void;
  /** Nobody is there any more who could take it. */
  readonly giveUp: () => void;
}

/**
 * What is being answered on which connection. The connection is watched and not only the answer: one that waits behind another on the same
 * connection is not told by Node that this has closed, and what it forwards would stay open for ever.
 */
export class AnswersUnderWay {
  private readonly connections = new Map<Duplex, Set<AbortController>>();
  private count = 0;

  /** How many answers are under way on all connections. */
  get size(): number {
    return this.count;
  }

  /** Whether something is still to be answered on this connection. */
  isAnswering(connection: Duplex): boolean {
    return (this.connections.get(connection)?.size ?? 0) > 0;
  }

  /** Notes an answer; it ends with `done`, with `giveUp`, or with its connection. */
  begin(connection: Duplex): AnswerUnderWay {
    const controller = new AbortController();
    this.answersOn(connection).add(controller);
    this.count += 1;
    return {
      signal: controller.signal,
      done: () => void this.forget(connection, controller),
      giveUp: () => {
        if (this.forget(connection, controller)) abort(controller, 'the client went away');
      },
    };
  }

  /** Gives up all of them: the daemon ends. */
  giveUpAll(): void {
    for (const answers of this.connections.values())
      for (const controller of answers) abort(controller, 'the daemon ends');
  }

  private answersOn(connection: Duplex): Set<AbortController> {
    const known = this.connections.get(connection);
    if (known !== undefined) return known;
    const answers = new Set<AbortController>();
    this.connections.set(connection, answers);
    connection.once('close', () => {
      this.connections.delete(connection);
      this.count -= answers.size;
      for (const controller of answers) abort(controller, 'the client went away');
    });
    return answers;
  }

  /** Whether it was still under way. */
  private forget(connection: Duplex, controller: AbortController): boolean {
    const isUnderWay = this.connections.get(connection)?.delete(controller) ?? false;
    if (isUnderWay) this.count -= 1;
    return isUnderWay;
  }
}

function abort(controller: AbortController, why: string): void {
  controller.abort(new DOMException(why, 'AbortError'));
}
