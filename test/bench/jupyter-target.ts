import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until, withDeadline } from '../../src/base/time';
import { parseKernelModel } from '../../src/protocol/jupyter';
import { expectParsed } from '../../src/base/parse';
import { openWebSocket } from './kernel-client';
import type { Ground, Target } from './target';

/** Turns TCP_NODELAY on for the WebSockets of kernels, which Tornado leaves off: shows how much of the latency is Nagle's algorithm. */
const withoutNagle = `
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler as handler
opened = handler.open
async def open_without_delay(self, *args, **keywords):
    self.set_nodelay(True)
    return await opened(self, *args, **keywords)
handler.open = open_without_delay
`;

/** `jupyter_server`, with its rate limit off (with it on, it drops messages on purpose). */
export async function startJupyterTarget(
  ground: Ground,
  options: { readonly hasNagle: boolean },
): Promise<Target> {
  const name = options.hasNagle ? 'jupyter_server' : 'jupyter_server without Nagle';
  const runtime = join(ground.home, options.hasNagle ? 'runtime-a' : 'runtime-b');
  const token = 'bench';
  const code = `${options.hasNagle ? '' : withoutNagle}
from jupyter_server.serverapp import main
main()`;
  const server = spawn(
    ground.python,
    [
      '-c',
      code,
      '--ServerApp.ip=127.0.0.1',
      '--ServerApp.port=0',
      `--IdentityProvider.token=${token}`,
      '--ServerApp.open_browser=False',
      '--ServerApp.allow_root=True',
      `--ServerApp.root_dir=${ground.home}`,
      '--ZMQChannelsWebsocketConnection.limit_rate=False',
    ],
    { env: { ...ground.environment, JUPYTER_RUNTIME_DIR: runtime }, stdio: 'ignore' },
  );
  const ended = once(server, 'exit');
  const signal = withDeadline(60_000, name);
  const port = await until(
    async () => {
      const files = await readdir(runtime).catch(() => [] as string[]);
      const file = files.find((entry) => /^jpserver-\d+\.json$/.test(entry));
      if (file === undefined) return undefined;
      const info = JSON.parse(await readFile(join(runtime, file), 'utf8')) as { port: number };
      return info.port === 0 ? undefined : info.port;
    },
    signal,
    50,
  );
  const base = `http://127.0.0.1:${port}`;
  const headers = { authorization: `token ${token}` };
  await until(
    async () =>
      (await fetch(`${base}/api`, { headers }).catch(() => undefined))?.ok === true ? true : undefined,
    signal,
  );
  return {
    name,
    async startKernel(kernel) {
      const answer = await fetch(`${base}/api/kernels`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ name: kernel }),
      });
      const { id } = expectParsed(parseKernelModel(await answer.json()));
      return {
        open: () => openWebSocket(`ws://127.0.0.1:${port}/api/kernels/${id}/channels`, { headers }),
        carriers: [server.pid ?? 0],
        async shutDown() {
          await fetch(`${base}/api/kernels/${id}`, { method: 'DELETE', headers });
        },
      };
    },
    async close() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}
