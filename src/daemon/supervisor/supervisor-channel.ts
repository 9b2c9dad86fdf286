import type { Duplex } from 'node:stream';
import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { parseJson } from '../../base/parse';
import {
  maxSupervisorMessageBytes,
  maxSupervisorRequests,
  parseSupervisorRequest,
  type Supervisor,
  type SupervisorAnswer,
  type SupervisorRequest,
  type SupervisorResponse,
} from '../../protocol/supervisor';
import { readBoundedLines } from '../platform/bounded-lines';

/** What is left of the words of an answer that is too long. */
const shortTextLength = 100;

/** A channel to one front door. Made by {@link serveSupervisorChannel}. */
export class SupervisorChannel implements Disposable {
  private readonly ending = new AbortController();
  /** The numbers of the requests whose answers have not left yet. */
  private readonly underWay = new Set<number>();
  private settle: (reason: string) => void = () => undefined;

  /** Resolves with the reason when the channel has ended; never rejects. What it asked for is given up then. */
  readonly closed = new Promise<string>((resolve) => {
    this.settle = resolve;
  });

  constructor(
    private readonly stream: Duplex,
    private readonly supervisor: Supervisor,
    private readonly log: Logger,
  ) {}

  /** Begins to answer. */
  start(): void {
    // The limit is that of the message; its line end comes on top.
    readBoundedLines(this.stream, maxSupervisorMessageBytes + 1, {
      onLine: (line) => this.readLine(line),
      onTooLong: () => this.fail('a line is too long'),
      onEnd: () => this.close('the front door ended it'),
    });
    this.stream.once('close', () => this.close('it was closed'));
    this.stream.on('error', (error) => this.close(error.message));
  }

  dispose(): void {
    this.close('the supervisor ended it');
  }

  private readLine(line: string): void {
    // What follows the line that ended the channel is in the same piece.
    if (this.ending.signal.aborted) return;
    const request = parseJson(line, parseSupervisorRequest);
    // The words of the parser can quote the line, and with it a password.
    if (!request.ok) this.fail('a line is no request');
    else if (this.underWay.has(request.value.id)) this.fail('a number is in use twice');
    else if (this.underWay.size >= maxSupervisorRequests) this.fail('too many requests are under way');
    else void this.serve(request.value);
  }

  private async serve(request: SupervisorRequest): Promise<void> {
    const { id } = request;
    this.underWay.add(id);
    let answer: SupervisorAnswer<SupervisorResponse['kind']>;
    try {
      answer = await this.answer(request);
    } catch (error) {
      if (this.ending.signal.aborted) return;
      this.log.error(`a request of the front door (${request.kind}) failed`, toError(error));
      answer = { kind: 'unavailable', message: 'the host could not answer; its log says why' };
    }
    if (this.ending.signal.aborted) return;
    // Counted until the front door has taken it: one that asks and does not read cannot fill our memory.
    this.stream.write(encodeResponse({ ...answer, id }), () => this.underWay.delete(id));
  }

  private answer(request: SupervisorRequest): Promise<SupervisorAnswer<SupervisorResponse['kind']>> {
    const { signal } = this.ending;
    switch (request.kind) {
      case 'signIn':
        return this.supervisor.signIn(request, signal);
      case 'resume':
        return this.supervisor.resume(request, signal);
      case 'signOut':
        return this.supervisor.signOut(request, signal);
    }
  }

  private fail(reason: string): void {
    this.log.error(`the front door does not keep to the protocol: ${reason}; its channel is closed`);
    this.close(reason);
  }

  private close(reason: string): void {
    if (this.ending.signal.aborted) return;
    this.ending.abort(new Error(`the channel to the front door has ended: ${reason}`));
    this.stream.destroy();
    this.settle(reason);
  }
}

/**
 * Answers a front door over an inherited channel, which may have been taken over by a stranger: what is no request, is too long, uses a number twice or
 * asks for too much at once ends the channel, and with it everything that is under way. The caller then starts another front door.
 */
export function serveSupervisorChannel(
  stream: Duplex,
  supervisor: Supervisor,
  log: Logger,
): SupervisorChannel {
  const channel = new SupervisorChannel(stream, supervisor, log);
  channel.start();
  return channel;
}

/** The line of an answer, within the limit: modules of PAM can ask in many words, of which the beginning is sent then. */
function encodeResponse(response: SupervisorResponse): string {
  for (const shorter of [response, shorten(response)]) {
    const line = `${JSON.stringify(shorter)}\n`;
    if (Buffer.byteLength(line) <= maxSupervisorMessageBytes) return line;
  }
  const message = 'the host has more to say than fits; its log says what';
  return `${JSON.stringify({ kind: 'unavailable', message, id: response.id } satisfies SupervisorResponse)}\n`;
}

function shorten(response: SupervisorResponse): SupervisorResponse {
  if (response.kind === 'unavailable')
    return { ...response, message: response.message.slice(0, shortTextLength) };
  if (response.kind !== 'more') return response;
  const prompts = response.prompts.map(({ text, echo }) => ({ text: text.slice(0, shortTextLength), echo }));
  return { ...response, prompts };
}
