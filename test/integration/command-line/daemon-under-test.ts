import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { parseServeEvent, type ServeEvent } from '../../../src/protocol/command-line';
import { parseDaemonStatus, type DaemonStatus } from '../../../src/protocol/daemon-control';
import { frontDoorPaths, parseSignedIn } from '../../../src/protocol/front-door';
import { daemonBundle } from '../../support/daemon-bundle';
import type { TestHome } from '../../support/test-home';
import { ask } from '../front-door/front-door-under-test';

/** How a command ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
  readonly words: string;
}

/** Runs a command of the built program to its end. */
export async function runCommand(home: TestHome, words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [daemonBundle(), ...words], {
    env: home.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: withDeadline(30_000, `remote-kernels ${words.join(' ')}`),
  });
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output: output(), words: errors() };
}

/** A running `serve --json`. */
export interface DaemonUnderTest {
  readonly child: ChildProcess;
  readonly listening: Extract<ServeEvent, { event: 'listening' }>;
  readonly port: number;
  readonly events: readonly ServeEvent[];
  /** What it has written to standard error so far. */
  readonly words: () => string;
  /** The next event of the kind, or the first one that came after `since` of them. */
  readonly waitFor: <K extends ServeEvent['event']>(
    kind: K,
    since?: number,
  ) => Promise<Extract<ServeEvent, { event: K }>>;
  /** Sends a signal and resolves with the exit code and how long it took. */
  readonly end: (
    signal?: NodeJS.Signals,
  ) => Promise<{ readonly exitCode: number | null; readonly timeMs: number }>;
}

/** Starts `serve --single-user --json` on a free port of loopback. It ends with the test's home. */
export function startDaemon(
  t: TestContext,
  home: TestHome,
  words: readonly string[] = ['--no-announce', '--show-code'],
): Promise<DaemonUnderTest> {
  return startConfiguredDaemon(t, home, ['--port', '0', ...words]);
}

/** Starts `serve --single-user --json`, which the user's configuration tells what these words do not. It ends with the test's home. */
export async function startConfiguredDaemon(
  t: TestContext,
  home: TestHome,
  words: readonly string[],
): Promise<DaemonUnderTest> {
  const child = spawn(process.execPath, [daemonBundle(), 'serve', '--single-user', '--json', ...words], {
    env: home.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const events: ServeEvent[] = [];
  const errors = collect(child.stderr);
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(expectParsed(parseJson(line, parseServeEvent)));
  });
  const exited = once(child, 'exit');
  const waitFor = <K extends ServeEvent['event']>(kind: K, since = 0) =>
    until(
      () => {
        if (child.exitCode !== null) throw new Error(`serve ended (${child.exitCode}): ${errors()}`);
        const found = events.filter(
          (event): event is Extract<ServeEvent, { event: K }> => event.event === kind,
        );
        return found[since];
      },
      withDeadline(60_000, `the event "${kind}" of serve`),
    );
  const listening = await waitFor('listening');
  return {
    child,
    listening,
    port: Number(new URL(listening.url).port),
    events,
    words: errors,
    waitFor,
    end: async (signal = 'SIGTERM') => {
      const startMs = performance.now();
      child.kill(signal);
      const [exitCode] = (await exited) as [number | null];
      return { exitCode, timeMs: performance.now() - startMs };
    },
  };
}

/** Signs in by a pairing code, at that port or the one of the start. Resolves with the token. */
export async function signIn(
  daemon: DaemonUnderTest,
  code = daemon.listening.code,
  port = daemon.port,
): Promise<string> {
  const request = { path: frontDoorPaths.signIn, method: 'POST' };
  const answer = await ask(port, request, JSON.stringify({ code, label: 'test' }));
  assert.equal(answer.status, 200, answer.text);
  return expectParsed(parseJson(answer.text, parseSignedIn)).token;
}

/** What `status --json` says. */
export async function statusOf(home: TestHome): Promise<DaemonStatus> {
  return expectParsed(parseJson((await runCommand(home, ['status', '--json'])).output, parseDaemonStatus));
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => (text += chunk));
  return () => text;
}
