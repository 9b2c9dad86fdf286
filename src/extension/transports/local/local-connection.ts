import { connect, type Socket } from 'node:net';
import { Emitter } from '../../../base/event';
import { withDeadline } from '../../../base/time';
import {
  agentPaths,
  formatClientHeader,
  headers as protocolHeaders,
  parseHello,
} from '../../../protocol/agent';
import { compareProtocol } from '../../../protocol/version';
import { toConnectionError } from '../connection-errors';
import { createHttpOverSockets } from '../http-over-sockets';
import { readSmallJson } from '../read-json';
import { ConnectionError, type Connection, type ConnectOptions, type Endpoint } from '../transport';
import { runAgentCommand } from './agent-command';
import type { LocalTransportOptions } from './local-transport-options';

const helloTimeoutMs = 10_000;

/** Starts or finds the agent and opens its private socket. Rejects with a {@link ConnectionError}. */
export async function connectLocally(
  endpoint: Extract<Endpoint, { kind: 'local' }>,
  options: ConnectOptions,
  settings: LocalTransportOptions,
): Promise<Connection> {
  const { signal, logger, onStep } = options;
  onStep('starting-agent');
  try {
    const agent = await runAgentCommand(settings, signal);
    logger.info(`${agent.started ? 'started' : 'found'} the agent, process ${agent.pid}`);
    checkProtocol(agent.protocol);
    const http = createHttpOverSockets({
      baseUrl: 'http://localhost',
      openSocket: (socketSignal) => openUnixSocket(agent.socket, socketSignal),
      headers: () => ({ [protocolHeaders.client]: formatClientHeader(settings.client) }),
    });
    try {
      const deadline = withDeadline(helloTimeoutMs, 'the agent', signal);
      const response = await http.fetch(http.baseUrl + agentPaths.hello, { signal: deadline });
      const hello = await readSmallJson(response, parseHello);
      if (!hello.ok) throw new ConnectionError('agent-unavailable', hello.error.message);
      const closed = new Emitter<ConnectionError>();
      return {
        ...http,
        endpoint,
        userName: hello.value.user,
        onDidClose: closed.event,
        signOut: () => Promise.resolve(),
        dispose() {
          http.dispose();
          closed.dispose();
        },
      };
    } catch (error) {
      http.dispose();
      throw error;
    }
  } catch (error) {
    throw toConnectionError(error, {}, signal);
  }
}

/** An agent that an older or newer extension left behind may speak another protocol. */
function checkProtocol(protocol: string): void {
  const relation = compareProtocol(protocol);
  if (relation === 'same') return;
  throw new ConnectionError(
    relation === 'newer' ? 'host-newer' : 'host-older',
    `the agent's protocol is ${protocol}`,
    { theirProtocol: protocol },
  );
}

function openUnixSocket(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const onAbort = () => {
      socket.destroy();
      reject(toConnectionError(signal.reason, {}, signal));
    };
    const onError = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket.once('error', onError);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      // Who takes the socket listens for its errors; until then an error must not end the process.
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}
