import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Where the ephemeral ports begin when the system does not say: IANA's range, which macOS and Windows use. */
const usualEphemeralStart = 49_152;
const lowestPort = 10_240;

/**
 * Free ports on loopback below the ephemeral range: there no outgoing connection takes one before the kernel binds it, and a client that
 * retries cannot connect to itself. Another program may still be faster, so the caller is ready to start again with others.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const end = Math.max(lowestPort + 1000, await ephemeralStart());
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt += 1) {
    if (attempt > 500) throw new Error(`there are no ${count} free ports between ${lowestPort} and ${end}`);
    const port = randomInt(lowestPort, end);
    if (!ports.has(port) && (await isPortFree(port))) ports.add(port);
  }
  return [...ports];
}

/** Whether this port of loopback can be bound. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function ephemeralStart(): Promise<number> {
  if (process.platform !== 'linux') return usualEphemeralStart;
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  return Number(/^\d+/.exec(text)?.[0] ?? usualEphemeralStart);
}
