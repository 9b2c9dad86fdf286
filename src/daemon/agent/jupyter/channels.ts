import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import type { Logger } from '../../../base/logger';
import { withDeadline } from '../../../base/time';
import { headers } from '../../../protocol/agent';
import { WireError } from '../../../protocol/errors';
import { jupyterPaths } from '../../../protocol/jupyter';
import { connectTo } from '../../platform/sockets';
import { matchRoute, type Route } from '../http/router';
import type { AgentServices } from '../services';

const channelsRoute: Route = {
  method: 'GET',
  path: `${jupyterPaths.kernels}/{id}/channels`,
  handle: () => undefined,
};

/** How long a connection waits for a keeper that is being replaced. */
const keeperTimeoutMs = 15_000;

/** How long a client that does not read may keep the last bytes of a connection whose other side is gone. */
const farewellTimeoutMs = 10_000;

/**
 * Hands a connection that asks for a kernel's WebSocket to the kernel's keeper. From then on it is a pipe of bytes in both directions: nothing
 * is parsed, each side is read only as fast as the other takes it, and the end of one direction is the end of that direction only.
 */
export async function passToKeeper(
  services: AgentServices,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  await services.ready;
  const kernel = services.kernels.get(readKernelId(request));
  const signal = withDeadline(keeperTimeoutMs, 'the keeper of the kernel');
  const keeper = await connectTo(await kernel.socket(signal), signal);
  keeper.write(formatHead(request));
  if (head.length > 0) keeper.write(head);
  joinStreams(socket, keeper, services.logger);
}

/** The kernel in the address of a request for a WebSocket. Throws {@link WireError} `not-found` for every other address. */
function readKernelId(request: IncomingMessage): string {
  const id = matchRoute([channelsRoute], request).parameters.id;
  if (id === undefined) throw new WireError('not-found', 'Not Found');
  return id;
}

/** The head of the request as it came, without the door key, which is no business of a keeper. */
function formatHead(request: IncomingMessage): string {
  const lines = [`GET ${request.url ?? '/'} HTTP/1.1`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (name.toLowerCase() !== headers.doorKey) lines.push(`${name}: ${request.rawHeaders[index + 1] ?? ''}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * Joins two streams as one pipe. When one of them is gone, the other still gets what was read from it, for a limited time, since the last frame
 * often says why.
 */
function joinStreams(client: Duplex, keeper: Socket, logger: Logger): void {
  if (client instanceof Socket) client.setNoDelay(true);
  keeper.setNoDelay(true);
  for (const [gone, other] of [
    [client, keeper],
    [keeper, client],
  ] as const) {
    gone.on('error', (error: Error) => logger.debug(`a channel's connection broke: ${error.message}`));
    gone.once('close', () => endSoon(other));
    gone.pipe(other);
  }
}

function endSoon(stream: Duplex): void {
  if (stream.destroyed) return;
  const timer = setTimeout(() => stream.destroy(), farewellTimeoutMs);
  stream.once('close', () => clearTimeout(timer));
  stream.end(() => stream.destroy());
}
