import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { Emitter, nextEvent } from '../base/event';
import { expectParsed, parseJson } from '../base/parse';
import { withDeadline } from '../base/time';
import { parsePairingCode, parseServeEvent, type ServeEvent } from '../protocol/command-line';
import { parsePin, type Pin } from '../protocol/pin';
import { distFolder } from './repository';
import { runCommand } from './run-command';

/** A daemon that listens on loopback. */
export interface RunningDaemon {
  readonly url: string;
  readonly port: number;
  readonly pin: Pin;
  readonly daemonId: string;
  /** The pairing code that it made at its start. */
  readonly code: string;
  /** Makes a fresh pairing code. */
  pair(): Promise<string>;
  /** Ends it and resolves when it has ended; the user's kernels go on. */
  end(): Promise<void>;
}

/** How a daemon is started. */
export interface DaemonOptions {
  /** The name that it announces. */
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Further options of `serve`. */
  readonly words?: readonly string[];
}

/** Starts `remote-kernels serve --single-user` of the built bundle, on loopback and a free port. Rejects with what it said when it does not come up. */
export async function startDaemon(options: DaemonOptions, signal: AbortSignal): Promise<RunningDaemon> {
  const { name, environment } = options;
  const bundle = join(distFolder(), 'daemon.js');
  const words = ['serve', '--single-user', '--port', '0', '--listen', '127.0.0.1', '--name', name];
  words.push('--json', '--show-code', ...(options.words ?? []));
  const child = spawn(process.execPath, [bundle, ...words], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C in the terminal is ours: what is ended, and in which order, is decided in one place.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  };
  try {
    const listening = await waitForListening(child, signal);
    const { code } = listening;
    if (code === undefined) throw new Error('the daemon printed no pairing code');
    const pair = async () => {
      const { output } = await runCommand(process.execPath, [bundle, 'pair', '--json'], {
        environment,
        timeoutMs: 10_000,
      });
      return expectParsed(parseJson(output, parsePairingCode)).code;
    };
    const { url, daemonId } = listening;
    const pin = expectParsed(parsePin(listening.pin));
    return { url, port: Number(new URL(url).port), pin, daemonId, code, pair, end };
  } catch (error) {
    await end();
    throw error;
  }
}

type Listening = Extract<ServeEvent, { event: 'listening' }>;

async function waitForListening(child: ChildProcess, signal: AbortSignal): Promise<Listening> {
  const events = new Emitter<ServeEvent | Error>();
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = parseJson(line, parseServeEvent);
      if (event.ok) events.fire(event.value);
    });
  }
  child.once('error', (error) => events.fire(error));
  child.once('exit', (code) => {
    events.fire(new Error(`the daemon ended at its start (exit code ${code ?? 'none'})\n${errors.trim()}`));
  });
  const first = await nextEvent(
    events.event,
    withDeadline(20_000, 'the start of the daemon', signal),
    (event) => event instanceof Error || event.event === 'listening',
  );
  if (first instanceof Error) throw first;
  if (first.event !== 'listening') throw new Error('the daemon does not listen');
  return first;
}
