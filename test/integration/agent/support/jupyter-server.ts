import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until, withDeadline } from '../../../../src/base/time';
import { preparedEnvironment } from '../../../support/python-environments';

/** Lets programs that know only TCP reach a socket: `http://127.0.0.1:<port>`. */
export async function tcpFrontOf(t: TestContext, socket: string): Promise<string> {
  const server = createServer((client) => {
    const agent = createConnection(socket);
    client.setNoDelay(true);
    client.on('error', () => agent.destroy());
    agent.on('error', () => client.destroy());
    client.pipe(agent);
    agent.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A real `jupyter_server` of a test. */
export interface JupyterServer {
  readonly url: string;
  readonly token: string;
  readonly rootFolder: string;
  /** One request with the token; the whole answer. */
  ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; headers: Headers; text: string; json: unknown }>;
}

/** Starts a `jupyter_server` from the prepared environment `jupyter`, on a free port, with more of its own words where given. */
export async function startJupyterServer(
  t: TestContext,
  home: string,
  environment: Record<string, string>,
  words: readonly string[] = [],
): Promise<JupyterServer> {
  const { python } = await preparedEnvironment('jupyter');
  const rootFolder = join(home, 'jupyter-root');
  await mkdir(rootFolder, { recursive: true });
  const token = 'a-token-of-the-test';
  const server = spawn(
    python,
    [
      '-m',
      'jupyter_server',
      '--ServerApp.ip=127.0.0.1',
      '--ServerApp.port=0',
      '--ServerApp.open_browser=False',
      '--ServerApp.allow_root=True',
      `--ServerApp.root_dir=${rootFolder}`,
      `--IdentityProvider.token=${token}`,
      ...words,
    ],
    { env: environment, cwd: rootFolder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  t.after(() => server.kill('SIGKILL'));
  let log = '';
  server.stderr.setEncoding('utf8');
  server.stderr.on('data', (text: string) => (log += text));
  const url = await until(
    () => {
      if (server.exitCode !== null) throw new Error(`jupyter_server ended:\n${log}`);
      return /http:\/\/127\.0\.0\.1:\d+/.exec(log)?.[0];
    },
    withDeadline(60_000, 'jupyter_server'),
  );
  return {
    url,
    token,
    rootFolder,
    async ask(method, path, body) {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `token ${token}` },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      let json: unknown;
      try {
        json = JSON.parse(text) as unknown;
      } catch {
        // Some answers of it are pages or empty.
        json = undefined;
      }
      return { status: answer.status, headers: answer.headers, text, json };
    },
  };
}
