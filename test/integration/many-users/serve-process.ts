import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expectParsed, parseJson } from '../../../src/base/parse';
import { until, withDeadline } from '../../../src/base/time';
import { parseServeEvent, type ServeEvent } from '../../../src/protocol/command-line';
import type { PrivateSystem } from '../../support/private-system';

/** A running `serve --json` of root in a private system, ended with it. */
export interface ServeProcess {
  readonly child: ChildProcess;
  readonly events: readonly ServeEvent[];
  /** What it has written to standard error so far. */
  readonly words: () => string;
  /** The ports on which it has said that it listens, the last one at the end. */
  readonly ports: () => readonly number[];
  /** Sends SIGTERM and resolves with the exit code. */
  end(): Promise<number | null>;
}

const timeoutMs = 60_000;

/** Starts it with these words, as the last ones of a program that becomes it where there is one, and waits until it listens. */
export async function startServe(
  system: PrivateSystem,
  words: readonly string[] = [],
  wrapper: readonly string[] = [],
): Promise<ServeProcess> {
  const command = [...wrapper, system.nodePath, system.programFile, 'serve', '--json', ...words];
  const child = system.spawn('env', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const events: ServeEvent[] = [];
  const chunks: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (child.stdout === null) throw new Error('serve has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) =>
    events.push(expectParsed(parseJson(line, parseServeEvent))),
  );
  const said = () => Buffer.concat(chunks).toString();
  // Of port 443 a parsed address says nothing.
  const portOf = (url: string) => Number(/:(\d+)$/.exec(url)?.[1]);
  const ports = () => events.flatMap((event) => (event.event === 'listening' ? [portOf(event.url)] : []));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`serve ended (${child.exitCode}): ${said()}`);
      return ports().length > 0 ? true : undefined;
    },
    withDeadline(timeoutMs, 'serve'),
  );
  return {
    child,
    events,
    words: said,
    ports,
    async end() {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
  };
}
