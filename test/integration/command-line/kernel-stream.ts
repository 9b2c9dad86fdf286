import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { until, withDeadline } from '../../../src/base/time';
import {
  openChannels,
  sendExecuteRequest,
  type JupyterMessage,
  type KernelAddress,
} from '../many-users/run-code';

/** A WebSocket on which a kernel prints. */
export interface KernelStream {
  /** The numbers that have come, in their order. */
  readonly numbers: () => readonly number[];
  /** The code with which it was closed, once it is. */
  readonly closedWith: () => number | undefined;
  /** Resolves when so many further numbers have come. */
  further(count: number): Promise<void>;
}

const countAlways = [
  'import time',
  'number = 0',
  'while True:',
  '    print(number, flush=True)',
  '    number += 1',
  '    time.sleep(0.02)',
].join('\n');

/** Lets a kernel print 0, 1, 2 … through the front door at that port until the test ends. */
export async function openKernelStream(t: TestContext, at: KernelAddress): Promise<KernelStream> {
  const socket = openChannels(at);
  t.after(() => socket.terminate());
  await once(socket, 'open', { signal: withDeadline(60_000, 'the channels of the kernel') });
  const id = randomUUID();
  let text = '';
  let closeCode: number | undefined;
  // An abrupt end is an error first; the close that follows is what counts.
  socket.on('error', () => undefined);
  socket.on('close', (code) => (closeCode = code));
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as JupyterMessage;
    if (message.parent_header?.msg_id === id && message.header?.msg_type === 'stream')
      text += message.content?.text ?? '';
  });
  sendExecuteRequest(socket, id, countAlways);
  const numbers = () => text.split('\n').slice(0, -1).map(Number);
  return {
    numbers,
    closedWith: () => closeCode,
    async further(count) {
      const wanted = numbers().length + count;
      const hasCome = () => {
        if (closeCode !== undefined) throw new Error(`the stream was closed (${closeCode})`);
        return numbers().length >= wanted ? true : undefined;
      };
      await until(hasCome, withDeadline(60_000, `${count} further numbers of the kernel`));
    },
  };
}
