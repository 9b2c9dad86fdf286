import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { Agent, fetch, type Dispatcher } from 'undici';
import { expectParsed, parseJson } from '../../src/base/parse';
import { agentPaths } from '../../src/protocol/agent';
import { parseAgentAddress, parseServeEvent } from '../../src/protocol/command-line';
import { frontDoorPaths, parseSignedIn } from '../../src/protocol/front-door';
import {
  jupyterChannelsPath,
  jupyterKernelPath,
  jupyterPaths,
  parseKernelModel,
} from '../../src/protocol/jupyter';
import { parseKernelEvent } from '../../src/protocol/kernels';
import { openWebSocket } from './kernel-client';
import type { Ground, Target } from './target';

/** How requests reach the agent: the only thing in which its two doors differ here. */
interface Way {
  readonly name: string;
  readonly base: string;
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher;
  readonly webSocket: Parameters<typeof openWebSocket>[1];
  /** Processes besides the keeper and the agent. */
  readonly carriers: readonly number[];
  close(): Promise<void>;
}

/** Our agent, on its private socket. */
export async function startSocketTarget(ground: Ground): Promise<Target> {
  const { stdout } = await promisify(execFile)(process.execPath, [ground.daemonBundle, 'agent', '--json'], {
    env: ground.environment,
  });
  const address = expectParsed(parseJson(stdout, parseAgentAddress));
  const dispatcher = new Agent({
    connect: { socketPath: address.socket },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return createAgentTarget(
    {
      name: 'agent by socket',
      base: 'http://localhost',
      headers: {},
      dispatcher,
      webSocket: { createConnection: () => connect(address.socket) },
      carriers: [],
      async close() {
        await dispatcher.close();
        process.kill(address.pid, 'SIGTERM');
      },
    },
    address.pid,
  );
}

/** The same agent behind the front door, as a client on the network reaches it. */
export async function startTlsTarget(ground: Ground): Promise<Target> {
  const { stdout } = await promisify(execFile)(process.execPath, [ground.daemonBundle, 'agent', '--json'], {
    env: ground.environment,
  });
  const address = expectParsed(parseJson(stdout, parseAgentAddress));
  const words = ['serve', '--single-user', '--port', '0', '--no-announce', '--json', '--show-code'];
  const daemon = spawn(process.execPath, [ground.daemonBundle, ...words], {
    env: ground.environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(daemon, 'exit');
  const [line] = (await once(createInterface({ input: daemon.stdout }), 'line')) as [string];
  const listening = expectParsed(parseJson(line, parseServeEvent));
  if (listening.event !== 'listening') throw new Error(`the daemon does not listen: ${line}`);
  // What is measured is the way of the bytes; that the pin is checked before the first of them is tested elsewhere.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, headersTimeout: 0, bodyTimeout: 0 });
  const signIn = await fetch(`${listening.url}${frontDoorPaths.signIn}`, {
    method: 'POST',
    body: JSON.stringify({ code: listening.code }),
    dispatcher,
  });
  const { token } = expectParsed(parseSignedIn(await signIn.json()));
  const headers = { authorization: `Bearer ${token}` };
  const { hostname, port } = new URL(listening.url);
  return createAgentTarget(
    {
      name: 'agent by TLS',
      base: listening.url,
      headers,
      dispatcher,
      webSocket: {
        headers,
        createConnection: () => {
          const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false });
          socket.setNoDelay(true);
          return socket;
        },
      },
      carriers: [daemon.pid ?? 0],
      async close() {
        await dispatcher.close();
        daemon.kill('SIGTERM');
        await ended;
      },
    },
    address.pid,
  );
}

function createAgentTarget(way: Way, agentPid: number): Target {
  const request = (path: string, options: { method?: string; body?: string } = {}) =>
    fetch(`${way.base}${path}`, { ...options, headers: way.headers, dispatcher: way.dispatcher });
  return {
    name: way.name,
    async startKernel(kernel) {
      const answer = await request(jupyterPaths.kernels, {
        method: 'POST',
        body: JSON.stringify({ name: kernel }),
      });
      const body = await answer.text();
      if (answer.status !== 201) throw new Error(`${way.name}: the kernel did not start: ${body}`);
      const { id } = expectParsed(parseJson(body, parseKernelModel));
      const lines = (await (await request(agentPaths.kernels)).text()).trim().split('\n');
      const keepers = lines.flatMap((line) => {
        const event = parseJson(line, parseKernelEvent);
        return event.ok && event.value.event === 'kernel' && event.value.kernel.id === id
          ? [event.value.kernel.keeperPid ?? 0]
          : [];
      });
      const url = `${way.base.replace(/^https/, 'wss').replace(/^http:/, 'ws:')}${jupyterChannelsPath(id)}`;
      return {
        open: () => openWebSocket(url, way.webSocket),
        carriers: [agentPid, ...keepers, ...way.carriers],
        async shutDown() {
          await request(jupyterKernelPath(id), { method: 'DELETE' });
        },
      };
    },
    close: () => way.close(),
  };
}
