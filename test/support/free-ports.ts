import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of loopback that was free a moment ago, for programs that cannot say which one they took. */
export async function freePort(): Promise<number> {
  const { port, release } = await holdPort();
  await release();
  return port;
}

/** Two of them; one that was asked for after the other might be the same. */
export async function twoFreePorts(): Promise<readonly [number, number]> {
  const [one, other] = [await holdPort(), await holdPort()];
  await Promise.all([one.release(), other.release()]);
  return [one.port, other.port];
}

async function holdPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port was asked for');
  const release = async () => {
    server.close();
    await once(server, 'close');
  };
  return { port: address.port, release };
}
