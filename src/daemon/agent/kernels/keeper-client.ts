import { parseJson } from '../../../base/parse';
import { withDeadline } from '../../../base/time';
import {
  keeperPaths,
  parseKeeperState,
  type KeeperSettings,
  type KeeperState,
} from '../../../protocol/keeper';
import {
  openSocketRequest,
  readLines,
  requestJson,
  requestText,
  type SocketRequest,
} from '../../platform/socket-http';

/** How long a keeper may take for what it does by itself. */
const answerTimeoutMs = 10_000;

/** How long ending a kernel may take: it is asked, then told by a signal, then killed. */
const shutdownTimeoutMs = 30_000;

/** Speaks with one keeper over its socket. Every call rejects when the keeper does not answer in time, or with the error that it sent. */
export class KeeperClient {
  constructor(private readonly socket: string) {}

  /** What it knows now. */
  state(): Promise<KeeperState> {
    return requestJson(this.request(keeperPaths.state, {}, answerTimeoutMs), parseKeeperState);
  }

  /** Its states as they change, the present one first. Ends or rejects when the connection does. */
  async *watch(signal: AbortSignal): AsyncGenerator<KeeperState> {
    const answer = await openSocketRequest({
      socket: this.socket,
      path: `${keeperPaths.state}?watch`,
      signal,
    });
    if (answer.statusCode !== 200) {
      answer.destroy();
      throw new Error(`the keeper answered ${String(answer.statusCode)}`);
    }
    for await (const line of readLines(answer)) {
      const state = parseJson(line, parseKeeperState);
      // Pings, and what a later version of the keeper may add to the stream.
      if (state.ok) yield state.value;
    }
  }

  /** Interrupts the kernel as its kernelspec says. */
  async interrupt(): Promise<void> {
    await requestText(this.request(keeperPaths.interrupt, { method: 'POST' }, answerTimeoutMs));
  }

  /** Starts the kernel afresh under the same id; resolves when it answers, or rejects as its start failed. */
  async restart(timeoutMs: number): Promise<void> {
    await requestText(this.request(keeperPaths.restart, { method: 'POST' }, timeoutMs));
  }

  /** Ends the kernel and the keeper. */
  async shutdown(isForced: boolean): Promise<void> {
    const path = isForced ? `${keeperPaths.shutdown}?force` : keeperPaths.shutdown;
    await requestText(this.request(path, { method: 'POST' }, shutdownTimeoutMs));
  }

  /** Changes what may change while the kernel runs. */
  async change(settings: KeeperSettings): Promise<void> {
    await requestText(
      this.request(keeperPaths.settings, { method: 'PATCH', body: settings }, answerTimeoutMs),
    );
  }

  /** What the kernel printed outside its channels. */
  output(): Promise<string> {
    return requestText(this.request(keeperPaths.output, {}, answerTimeoutMs));
  }

  private request(
    path: string,
    more: Pick<SocketRequest, 'method' | 'body'>,
    timeoutMs: number,
  ): SocketRequest {
    return {
      socket: this.socket,
      path,
      ...more,
      signal: withDeadline(timeoutMs, 'the keeper of the kernel'),
    };
  }
}
