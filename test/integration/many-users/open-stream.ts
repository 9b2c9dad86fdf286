import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { withDeadline } from '../../../src/base/time';
import { agentPaths } from '../../../src/protocol/agent';

/** A signed-in connection that asks nothing more: a stream that goes on. */
export async function openStream(port: number, token: string, host = '127.0.0.1'): Promise<TLSSocket> {
  const socket = connect({ port, host, rejectUnauthorized: false });
  await once(socket, 'secureConnect', { signal: withDeadline(30_000, 'a connection') });
  socket.on('error', () => undefined);
  const answered = once(socket, 'data', { signal: withDeadline(90_000, 'the stream') });
  socket.write(
    `GET ${agentPaths.kernels}?watch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  const [answer] = (await answered) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
  return socket;
}
