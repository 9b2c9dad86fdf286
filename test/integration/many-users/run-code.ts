import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import { withDeadline } from '../../../src/base/time';

/** What the tests look at in a message of a kernel. */
export interface JupyterMessage {
  readonly header?: { readonly msg_type?: string };
  readonly parent_header?: { readonly msg_id?: string };
  readonly content?: { readonly text?: string; readonly execution_state?: string };
}

/** A kernel behind a front door on this machine. */
export interface KernelAddress {
  readonly port: number;
  readonly token: string;
  readonly kernelId: string;
}

/** A WebSocket to the channels of a kernel, which opens in its own time; the caller ends it. */
export function openChannels({ port, token, kernelId }: KernelAddress): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${port}/api/kernels/${kernelId}/channels`, {
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${token}` },
  });
}

/** Asks for code to be run, in the older of Jupyter's protocols. The id is that of the request. */
export function sendExecuteRequest(socket: WebSocket, id: string, code: string): void {
  const header = {
    msg_id: id,
    msg_type: 'execute_request',
    session: randomUUID(),
    username: '',
    version: '5.3',
  };
  const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
  socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content }));
}

/** Runs code in a kernel through a front door and gives what it printed. Rejects when that takes too long. */
export async function runCode(port: number, token: string, kernelId: string, code: string): Promise<string> {
  const signal = withDeadline(60_000, 'the code in the kernel');
  const socket = openChannels({ port, token, kernelId });
  try {
    await once(socket, 'open', { signal });
    const id = randomUUID();
    let printed = '';
    const idle = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as JupyterMessage;
        if (message.parent_header?.msg_id !== id) return;
        if (message.header?.msg_type === 'stream') printed += message.content?.text ?? '';
        if (message.content?.execution_state === 'idle') resolve();
      });
    });
    sendExecuteRequest(socket, id, code);
    const late = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    await Promise.race([idle, late]);
    return printed;
  } finally {
    socket.terminate();
  }
}
