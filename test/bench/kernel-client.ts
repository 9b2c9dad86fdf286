import { createHmac, randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { Dealer, Subscriber } from 'zeromq';
import {
  decodeChannelMessage,
  encodeChannelMessage,
  kernelSubprotocol,
  type ChannelMessage,
  type KernelChannel,
  type MessageParts,
} from '../../src/protocol/kernel-channels';

/** What a kernel was asked, from the request to its reply and the closing idle. */
export interface Answer {
  readonly replyAt: number;
  readonly idleAt: number;
  readonly reply: Record<string, unknown>;
}

/** A client that does the least possible with what arrives, so that the way there is what is measured. */
export class KernelClient {
  /** Messages since the last `reset` that are neither status nor reply nor echo of the input. */
  count = 0;
  /** Bytes of content and buffers of those. */
  sizeBytes = 0;
  /** When `clear_output`, the bench kernel's starting signal, came. */
  startedAt = 0;
  private readonly session = randomUUID();
  private readonly waiting = new Map<
    string,
    {
      reply?: { at: number; content: Record<string, unknown> };
      idleAt?: number;
      settle: (answer: Answer) => void;
      fail: (error: Error) => void;
    }
  >();

  constructor(
    private readonly write: (message: ChannelMessage) => void,
    readonly close: () => Promise<void>,
  ) {}

  reset(): void {
    this.count = 0;
    this.sizeBytes = 0;
  }

  receive({ channel, parts }: ChannelMessage): void {
    const now = performance.now();
    const header = Buffer.from(parts[0].buffer, parts[0].byteOffset, parts[0].byteLength);
    if (channel === 'iopub') {
      if (header.includes('"status"')) {
        this.settleIdle(parts, now);
        return;
      }
      if (header.includes('"execute_input"')) return;
      if (header.includes('"clear_output"')) this.startedAt = now;
      else {
        this.count += 1;
        for (const part of parts.slice(3)) this.sizeBytes += part.byteLength;
      }
      return;
    }
    const waiter = this.waiting.get(parentId(parts));
    if (waiter === undefined) return;
    waiter.reply = {
      at: now,
      content: JSON.parse(Buffer.from(parts[3]).toString()) as Record<string, unknown>,
    };
    this.settle(parentId(parts));
  }

  /** Sends a request and waits for its reply and idle. Rejects after the limit, since messages can be lost on some ways. */
  request(
    channel: KernelChannel,
    type: string,
    content: object,
    buffers: readonly Uint8Array[] = [],
    timeoutMs = 60_000,
  ): Promise<Answer> {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.session,
      username: 'bench',
      date: new Date().toISOString(),
      version: '5.3',
    };
    const part = (value: object) => Buffer.from(JSON.stringify(value));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`${type}: no reply and idle within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.waiting.set(id, {
        settle: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.write({ channel, parts: [part(header), part({}), part({}), part(content), ...buffers] });
    });
  }

  execute(code: string, buffers: readonly Uint8Array[] = [], timeoutMs?: number): Promise<Answer> {
    const content = {
      code,
      silent: false,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    };
    return this.request('shell', 'execute_request', content, buffers, timeoutMs);
  }

  /** Ends every request under way: nothing more will come. */
  fail(error: Error): void {
    for (const waiter of this.waiting.values()) waiter.fail(error);
    this.waiting.clear();
  }

  private settleIdle(parts: MessageParts, now: number): void {
    if (!Buffer.from(parts[3]).includes('"idle"')) return;
    const id = parentId(parts);
    const waiter = this.waiting.get(id);
    if (waiter === undefined) return;
    waiter.idleAt = now;
    this.settle(id);
  }

  private settle(id: string): void {
    const waiter = this.waiting.get(id);
    if (waiter?.reply === undefined || waiter.idleAt === undefined) return;
    this.waiting.delete(id);
    waiter.settle({ replyAt: waiter.reply.at, idleAt: waiter.idleAt, reply: waiter.reply.content });
  }
}

function parentId(parts: MessageParts): string {
  return /"msg_id"\s*:\s*"([^"]+)"/.exec(Buffer.from(parts[1]).toString())?.[1] ?? '';
}

/** Opens a WebSocket in the v1 protocol. Resolves once it is open. `pause` and `resume` of its socket stop and start the reader. */
export async function openWebSocket(
  url: string,
  options: ConstructorParameters<typeof WebSocket>[2],
): Promise<{ client: KernelClient; pause: () => void; resume: () => void }> {
  const socket = new WebSocket(url, [kernelSubprotocol], {
    maxPayload: 1024 ** 3,
    perMessageDeflate: false,
    ...options,
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const client = new KernelClient(
    (message) => socket.send(Buffer.concat(encodeChannelMessage(message))),
    () =>
      new Promise((resolve) => {
        if (socket.readyState === WebSocket.CLOSED) resolve();
        socket.once('close', () => resolve());
        socket.close();
      }),
  );
  socket.on('error', () => undefined);
  socket.on('close', (code, reason) =>
    client.fail(new Error(`the WebSocket was closed (${code} ${reason.toString()})`)),
  );
  socket.on('message', (data) => {
    const decoded = decodeChannelMessage(data as Buffer);
    if (decoded.ok) client.receive(decoded.value);
  });
  return { client, pause: () => socket.pause(), resume: () => socket.resume() };
}

/** What a kernel's connection file says. */
export interface ConnectionFile {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly shell_port: number;
  readonly control_port: number;
  readonly iopub_port: number;
}

/** Speaks ZMQ with the kernel itself: the peer that every other way is compared with. */
export async function openDirect(file: ConnectionFile): Promise<{ client: KernelClient }> {
  const address = (port: number) =>
    file.transport === 'ipc' ? `ipc://${file.ip}-${port}` : `tcp://${file.ip}:${port}`;
  const iopub = new Subscriber({ receiveHighWaterMark: 0, linger: 0 });
  const shell = new Dealer({ receiveHighWaterMark: 0, sendHighWaterMark: 0, linger: 0 });
  iopub.connect(address(file.iopub_port));
  iopub.subscribe();
  shell.connect(address(file.shell_port));
  const sign = (parts: readonly Uint8Array[]) => {
    const hmac = createHmac('sha256', file.key);
    for (const part of parts.slice(0, 4)) hmac.update(part);
    return hmac.digest('hex');
  };
  let last: Promise<void> = Promise.resolve();
  const client = new KernelClient(
    ({ parts }) => {
      last = last.then(() =>
        shell.send(['<IDS|MSG>', sign(parts), ...parts.map((part) => Buffer.from(part))]),
      );
    },
    () => {
      iopub.close();
      shell.close();
      return Promise.resolve();
    },
  );
  const read = async (channel: KernelChannel, socket: Subscriber | Dealer) => {
    for await (const frames of socket) {
      const delimiter = frames.findIndex((frame) => frame.toString('latin1') === '<IDS|MSG>');
      const [, , header, parent, metadata, content, ...buffers] = frames.slice(delimiter);
      if (header !== undefined && parent !== undefined && metadata !== undefined && content !== undefined)
        client.receive({ channel, parts: [header, parent, metadata, content, ...buffers] });
    }
  };
  void read('iopub', iopub);
  void read('shell', shell);
  // A subscription travels to the publisher; ask until one answer comes back on both channels.
  for (;;) {
    try {
      await client.request('shell', 'kernel_info_request', {}, [], 500);
      return { client };
    } catch {
      // The idle of an answer before the subscription arrived is lost; the next request is answered whole.
      continue;
    }
  }
}
