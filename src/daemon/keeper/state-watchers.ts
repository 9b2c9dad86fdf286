import type { ServerResponse } from 'node:http';
import type { Disposable } from '../../base/disposable';
import type { KeeperState } from '../../protocol/keeper';

/** Changes that follow each other within this time are told as one. */
const gatherMs = 20;

/** An agent that has so much unread gets no more lines until it reads: each line is the whole state, so none is missed. */
const maxUnreadBytes = 256 * 1024;

/** Whoever reads the stream of states: one JSON object a line, the first at once, then one after each change. */
export class StateWatchers implements Disposable {
  private readonly responses = new Set<ServerResponse>();
  private readonly behind = new WeakSet<ServerResponse>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly readState: () => Promise<KeeperState>) {}

  /** Begins a stream; it ends with the other side or with the keeper. */
  async add(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    response.write(`${JSON.stringify(await this.readState())}\n`);
    this.responses.add(response);
    response.once('close', () => this.responses.delete(response));
    response.on('error', () => this.responses.delete(response));
  }

  /** Something has changed. */
  notify(): void {
    if (this.responses.size === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.readState().then((state) => this.send(state));
    }, gatherMs);
  }

  /** Sends a last state and ends the streams. */
  async finish(): Promise<void> {
    clearTimeout(this.timer);
    if (this.responses.size === 0) return;
    this.send(await this.readState());
    for (const response of this.responses) response.end();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const response of this.responses) response.destroy();
    this.responses.clear();
  }

  private send(state: KeeperState): void {
    const line = `${JSON.stringify(state)}\n`;
    for (const response of this.responses) {
      if (response.writableLength < maxUnreadBytes) response.write(line);
      else this.waitFor(response);
    }
  }

  /** However often the state changes meanwhile, it is told once when that agent reads again. */
  private waitFor(response: ServerResponse): void {
    if (this.behind.has(response)) return;
    this.behind.add(response);
    response.once('drain', () => {
      this.behind.delete(response);
      this.notify();
    });
  }
}
