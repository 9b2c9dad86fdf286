import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import { withDeadline } from '../../../src/base/time';

interface JupyterMessage {
  readonly header?: { readonly msg_type?: string };
  readonly parent_header?: { readonly msg_id?: string };
  readonly content?: { readonly text?: string; readonly execution_state?: string };
}

/** Runs code in a kernel through a front door and gives what it printed. Rejects when that takes too long. */
export async function runCode(port: number, token: string, kernelId: string, code: string): Promise<string> {
  const signal = withDeadline(60_000, 'the code in the kernel');
  const socket = new WebSocket(`wss://127.0.0.1:${port}/api/kernels/${kernelId}/channels`, {
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${token}` },
  });
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
    const header = {
      msg_id: id,
      msg_type: 'execute_request',
      session: randomUUID(),
      username: '',
      version: '5.3',
    };
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content }));
    const late = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    await Promise.race([idle, late]);
    return printed;
  } finally {
    socket.terminate();
  }
}
