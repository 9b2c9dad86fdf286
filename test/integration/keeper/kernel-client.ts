import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { expectParsed } from '../../../src/base/parse';
import { abortable, until, withDeadline } from '../../../src/base/time';
import { jupyterChannelsPath } from '../../../src/protocol/jupyter';
import {
  decodeChannelMessage,
  encodeChannelMessage,
  kernelSubprotocol,
  receiverQuery,
  type KernelChannel,
  type MessageParts,
} from '../../../src/protocol/kernel-channels';
import { decodeJsonMessage, encodeJsonMessage } from '../../../src/protocol/kernel-channels-json';

/** How a test's client connects. */
export interface ClientOptions {
  readonly protocol?: 'v1' | 'json';
  /** Default: random. */
  readonly session?: string;
  /** Whether the address carries the session. */
  readonly isNamed?: boolean;
  /** The name of what remembers what it received: it says that it takes a message that comes again once. */
  readonly receiver?: string;
}

/** A message as a test looks at it. */
export interface SeenMessage {
  readonly channel: KernelChannel;
  readonly type: string;
  /** The id of the request that it answers. */
  readonly parent: string;
  readonly content: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly buffers: readonly Buffer[];
  readonly header: Record<string, unknown>;
}

/** A Jupyter client on a keeper's WebSocket, in either protocol, that notes all it sees. */
export class KernelClient {
  readonly seen: SeenMessage[] = [];
  closing: { readonly code: number; readonly reason: string } | undefined;

  constructor(
    readonly webSocket: WebSocket,
    readonly session: string,
    private readonly protocol: 'v1' | 'json',
  ) {
    webSocket.on('message', (data: Buffer, isBinary) => {
      const message = expectParsed(
        protocol === 'v1'
          ? decodeChannelMessage(data)
          : decodeJsonMessage(isBinary ? data : data.toString('utf8')),
      );
      const [header, parent, metadata, content, ...buffers] = message.parts;
      const read = toRecord(header);
      this.seen.push({
        channel: message.channel,
        type: textOf(read['msg_type']),
        parent: textOf(toRecord(parent)['msg_id']),
        content: toRecord(content),
        metadata: toRecord(metadata),
        buffers: buffers.map((buffer) => Buffer.from(buffer)),
        header: read,
      });
    });
    webSocket.on('close', (code, reason) => {
      this.closing = { code, reason: reason.toString('utf8') };
    });
    webSocket.on('error', () => undefined);
  }

  /** Connects and waits until the connection is open. */
  static async open(socket: string, kernelId: string, options: ClientOptions): Promise<KernelClient> {
    const { protocol = 'v1', session = randomUUID(), isNamed = true, receiver } = options;
    const repeats = receiver === undefined ? '' : `&${receiverQuery}=${receiver}`;
    const query = isNamed ? `?session_id=${session}${repeats}` : '';
    const webSocket = new WebSocket(
      `ws+unix:${socket}:${jupyterChannelsPath(kernelId)}${query}`,
      protocol === 'v1' ? [kernelSubprotocol] : [],
      { perMessageDeflate: false, maxPayload: 1024 * 1024 * 1024 },
    );
    const client = new KernelClient(webSocket, session, protocol);
    await abortable(once(webSocket, 'open'), withDeadline(30_000, 'the WebSocket'));
    return client;
  }

  /** Sends a message and gives its id. */
  send(
    channel: KernelChannel,
    type: string,
    content: Record<string, unknown>,
    more: { readonly parent?: Record<string, unknown>; readonly buffers?: readonly Buffer[] } = {},
  ): string {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.session,
      username: 'test',
      date: new Date().toISOString(),
      version: '5.4',
    };
    const json = (value: unknown) => Buffer.from(JSON.stringify(value));
    const parts: MessageParts = [
      json(header),
      json(more.parent ?? {}),
      json({}),
      json(content),
      ...(more.buffers ?? []),
    ];
    if (this.protocol === 'v1') this.webSocket.send(Buffer.concat(encodeChannelMessage({ channel, parts })));
    else this.webSocket.send(encodeJsonMessage({ channel, parts }));
    return id;
  }

  /** Sends a cell and gives its id. */
  execute(code: string, more: Record<string, unknown> = {}): string {
    return this.send('shell', 'execute_request', {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...more,
    });
  }

  /** Runs a cell and waits for its reply and the closing idle. */
  async run(code: string, timeoutMs = 60_000): Promise<{ reply: SeenMessage; outputs: SeenMessage[] }> {
    return this.finished(this.execute(code), timeoutMs);
  }

  /** Waits for reply and idle of a request. */
  async finished(id: string, timeoutMs = 60_000): Promise<{ reply: SeenMessage; outputs: SeenMessage[] }> {
    const reply = await this.until((one) => one.channel === 'shell' && one.parent === id, timeoutMs);
    await this.until((one) => isIdle(one) && one.parent === id, timeoutMs);
    return { reply, outputs: this.seen.filter((one) => one.channel === 'iopub' && one.parent === id) };
  }

  /** Waits for a message, also among those already seen. */
  until(isRight: (message: SeenMessage) => boolean, timeoutMs = 30_000): Promise<SeenMessage> {
    return until(() => this.seen.find(isRight), withDeadline(timeoutMs, 'a message of the kernel'), 5);
  }

  /** The text that a request has printed. */
  printed(id: string): string {
    return this.seen
      .filter((one) => one.parent === id && one.type === 'stream')
      .map((one) => textOf(one.content['text']))
      .join('');
  }

  /** The states that clients were told, in order. */
  get states(): string[] {
    return this.seen
      .filter((one) => one.type === 'status')
      .map((one) => textOf(one.content['execution_state']));
  }

  /** Waits until it is closed. */
  closed(timeoutMs = 30_000): Promise<{ code: number; reason: string }> {
    return until(() => this.closing, withDeadline(timeoutMs, 'the end of the connection'));
  }

  /** Cuts the connection without a word. */
  terminate(): void {
    this.webSocket.terminate();
  }
}

/** Whether a message is the closing status of a request. */
export function isIdle(message: SeenMessage): boolean {
  return message.type === 'status' && message.content['execution_state'] === 'idle';
}

function toRecord(part: Uint8Array): Record<string, unknown> {
  return JSON.parse(Buffer.from(part).toString('utf8')) as Record<string, unknown>;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
