import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expectParsed, parseJson } from '../../src/base/parse';
import { until, withDeadline } from '../../src/base/time';
import { parseAgentAddress } from '../../src/protocol/command-line';
import { memoryOf, type Sample } from './measures';
import type { Ground } from './target';

/**
 * From the command to an agent that answers, in a home that has none: the command returns after the agent answered `hello`, so its whole
 * life is counted, a second Node process included.
 */
export async function measureAgentStart(ground: Ground): Promise<Sample> {
  const home = await mkdtemp(join(tmpdir(), 'b-'));
  const environment = { ...ground.environment, HOME: home, XDG_STATE_HOME: join(home, '.local', 'state') };
  const from = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, [ground.daemonBundle, 'agent', '--json'], {
    env: environment,
  });
  const timeMs = performance.now() - from;
  const { pid } = expectParsed(parseJson(stdout, parseAgentAddress));
  const { residentBytes, ownBytes } = await memoryOf(pid);
  process.kill(pid, 'SIGTERM');
  await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  return {
    'cold start until it answers, ms': timeMs,
    'memory, MiB': residentBytes / 2 ** 20,
    'memory of its own, MiB': ownBytes / 2 ** 20,
  };
}

/** The same for `jupyter_server`: from the command to a 200 on `/api`. */
export async function measureJupyterStart(ground: Ground, port: number): Promise<Sample> {
  const from = performance.now();
  const words = [
    '-m',
    'jupyter_server',
    '--ServerApp.ip=127.0.0.1',
    `--ServerApp.port=${port}`,
    '--ServerApp.allow_root=True',
  ];
  const server = spawn(
    ground.python,
    [...words, '--IdentityProvider.token=bench', '--ServerApp.open_browser=False'],
    {
      env: ground.environment,
      stdio: 'ignore',
    },
  );
  const ended = once(server, 'exit');
  const isUp = async () =>
    (await fetch(`http://127.0.0.1:${port}/api`).catch(() => undefined))?.ok === true ? true : undefined;
  await until(isUp, withDeadline(60_000, 'jupyter_server'), 5);
  const timeMs = performance.now() - from;
  const { residentBytes, ownBytes } = await memoryOf(server.pid ?? 0);
  server.kill('SIGTERM');
  await ended;
  return {
    'cold start until it answers, ms': timeMs,
    'memory, MiB': residentBytes / 2 ** 20,
    'memory of its own, MiB': ownBytes / 2 ** 20,
  };
}
