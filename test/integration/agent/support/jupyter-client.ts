import { createConnection } from 'node:net';
import type { TestContext } from 'node:test';
import { KernelManager, ServerConnection, SessionManager, type Kernel } from '@jupyterlab/services';
import { Agent, fetch as undiciFetch, Headers, Request } from 'undici';
import WebSocket from 'ws';

/** The settings with which `@jupyterlab/services` speaks to an agent over its unix socket. */
export function jupyterSettings(
  t: TestContext,
  socket: string,
  headers: Record<string, string> = {},
): ServerConnection.ISettings {
  const dispatcher = new Agent({ connect: { socketPath: socket } });
  t.after(() => dispatcher.destroy());
  class SocketWebSocket extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { createConnection: () => createConnection(socket), headers });
    }
  }
  // The types of undici and of the browser's library differ in details that no value here has.
  const fetch = (input: unknown, init?: object) =>
    undiciFetch(input as Parameters<typeof undiciFetch>[0], { ...init, dispatcher });
  return ServerConnection.makeSettings({
    baseUrl: 'http://localhost/',
    wsUrl: 'ws://localhost/',
    appendToken: false,
    init: { headers },
    fetch: fetch as unknown as typeof globalThis.fetch,
    Request: Request as unknown as typeof globalThis.Request,
    Headers: Headers as unknown as typeof globalThis.Headers,
    WebSocket: SocketWebSocket as unknown as typeof globalThis.WebSocket,
  });
}

/** Managers that are disposed after the test. */
export function jupyterManagers(t: TestContext, serverSettings: ServerConnection.ISettings) {
  const kernels = new KernelManager({ serverSettings });
  const sessions = new SessionManager({ kernelManager: kernels, serverSettings });
  t.after(() => {
    sessions.dispose();
    kernels.dispose();
  });
  return { kernels, sessions };
}

/** What one execution printed on standard output, and how its reply ended. */
export async function execute(
  kernel: Kernel.IKernelConnection,
  code: string,
): Promise<{ readonly text: string; readonly status: string }> {
  const future = kernel.requestExecute({ code });
  let text = '';
  future.onIOPub = (message) => {
    if (message.header.msg_type === 'stream' && 'text' in message.content)
      text += String(message.content.text);
  };
  const reply = await future.done;
  return { text, status: reply.content.status };
}
