import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { parseServeEvent, type ServeEvent } from '../../../src/protocol/command-line';
import { frontDoorPaths, parseSignedIn } from '../../../src/protocol/front-door';
import { parseKernelModel } from '../../../src/protocol/jupyter';
import { people, type PrivateSystem } from '../../support/private-system';
import { ask, bearer } from '../front-door/front-door-under-test';

/** What a test writes into `/etc/remote-kernels/config.json`; it listens on 127.0.0.1 only. */
export async function configure(
  system: PrivateSystem,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  const configuration = { listen: ['127.0.0.1'], announce: false, ...values };
  await system.write('/etc/remote-kernels/config.json', JSON.stringify(configuration));
}

/** A `serve --json` of root that is told everything by its configuration. */
export interface ConfiguredDaemon {
  readonly child: ChildProcess;
  /** The ports on which it has said that it listens, the last one at the end. */
  readonly ports: () => readonly number[];
  /** What it has written to standard error so far. */
  readonly words: () => string;
  /** Resolves once it has said this, or rejects after a minute with all that it said. */
  said(words: string): Promise<void>;
  /** Sends SIGTERM and resolves with the exit code. */
  end(): Promise<number | null>;
}

const timeoutMs = 60_000;

/** Starts it and waits until it listens. */
export async function startConfiguredDaemon(system: PrivateSystem): Promise<ConfiguredDaemon> {
  const child = system.spawn(system.nodePath, [system.programFile, 'serve', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: ServeEvent[] = [];
  const chunks: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (child.stdout === null) throw new Error('serve has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) =>
    events.push(expectParsed(parseJson(line, parseServeEvent))),
  );
  const words = () => Buffer.concat(chunks).toString();
  const ports = () =>
    events.flatMap((event) => (event.event === 'listening' ? [Number(/:(\d+)$/.exec(event.url)?.[1])] : []));
  const exited = once(child, 'exit');
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`serve ended (${child.exitCode}): ${words()}`);
      return ports().length > 0 ? true : undefined;
    },
    withDeadline(timeoutMs, 'serve'),
  );
  return {
    child,
    ports,
    words,
    async said(wanted) {
      const isSaid = () => (words().includes(wanted) ? true : undefined);
      await until(isSaid, withDeadline(timeoutMs, `"${wanted}" from serve`)).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${words()}`);
      });
    },
    async end() {
      child.kill('SIGTERM');
      const [exitCode] = (await exited) as [number | null];
      return exitCode;
    },
  };
}

/** A port of loopback that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  server.close();
  await once(server, 'close');
  return bound.port;
}

/** Signs ada in at that port and starts a kernel of hers. */
export async function workAsAda(port: number) {
  const body = JSON.stringify({ username: 'ada', answers: [people.ada] });
  const signal = withDeadline(90_000, 'the sign-in');
  const answer = await ask(port, { method: 'POST', path: frontDoorPaths.signIn, signal }, body);
  assert.equal(answer.status, 200, answer.text);
  const { token } = expectParsed(parseJson(answer.text, parseSignedIn));
  const headers = { ...bearer(token), 'content-type': 'application/json' };
  const specs = await ask(port, { path: '/api/kernelspecs', headers });
  const { default: name } = JSON.parse(specs.text) as { default: string };
  const started = await ask(
    port,
    { method: 'POST', path: '/api/kernels', headers },
    JSON.stringify({ name }),
  );
  assert.equal(started.status, 201, started.text);
  return { token, headers, kernelId: expectParsed(parseJson(started.text, parseKernelModel)).id };
}
