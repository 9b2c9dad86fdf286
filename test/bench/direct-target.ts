import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openDirect, type ConnectionFile } from './kernel-client';
import type { Ground, Target } from './target';

/** Nobody in between: the kernel's own ZMQ sockets. */
export function createDirectTarget(ground: Ground): Target {
  return {
    name: 'direct ZMQ',
    async startKernel(name) {
      const path = join(ground.home, `direct-${randomUUID()}.json`);
      const ports = await freePorts(5);
      const file = {
        transport: 'tcp',
        ip: '127.0.0.1',
        key: randomBytes(16).toString('hex'),
        signature_scheme: 'hmac-sha256',
        shell_port: ports[0],
        control_port: ports[1],
        iopub_port: ports[2],
        stdin_port: ports[3],
        hb_port: ports[4],
      };
      await writeFile(path, JSON.stringify(file), { mode: 0o600 });
      const [program = '', ...words] = ground.argv[name].map((word) =>
        word.replace('{connection_file}', path),
      );
      const kernel = spawn(program, words, { env: ground.environment, stdio: 'ignore' });
      const ended = once(kernel, 'exit');
      const read = JSON.parse(await readFile(path, 'utf8')) as ConnectionFile;
      await (await openDirect(read)).client.close();
      return {
        open: () => openDirect(read),
        carriers: [],
        async shutDown() {
          kernel.kill('SIGKILL');
          await ended;
        },
      };
    },
    close: () => Promise.resolve(),
  };
}

/** Ports that were free a moment ago, below the range from which the system hands out ports by itself. */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const server = createServer();
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port === port));
    });
    if (!isFree) continue;
    server.close();
    if (!ports.includes(port)) ports.push(port);
  }
  return ports;
}
