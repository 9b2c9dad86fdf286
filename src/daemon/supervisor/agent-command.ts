import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { systemErrorCode, toError } from '../../base/errors';
import { parseJson } from '../../base/parse';
import type { DoorRequest } from '../../protocol/agent';
import { parseAgentAddress, type AgentAddress } from '../../protocol/command-line';

/** How a program is made to run as another user. */
export interface Launcher {
  /** The program and the words that come before the command. */
  readonly command: readonly [program: string, ...words: string[]];
  /** The whole environment of the command. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How the agent's command is called. */
export interface AgentCommandCall {
  /** This program's own file, run with this Node. */
  readonly programFile: string;
  /** The door to open; its key goes through a pipe, never through argv or environment. */
  readonly door: DoorRequest;
  /** Without it the command runs as this user, with this process's environment. */
  readonly launcher?: Launcher;
  /** The deadline is the caller's. */
  readonly signal: AbortSignal;
}

/** More than a line of an address and the words of an error ever need. */
const maxOutputLength = 64 * 1024;
/** How long what the command printed may arrive after its exit. */
const pipeGraceMs = 1_000;

/**
 * Runs `remote-kernels agent --json --door FOLDER`, which finds or starts the user's agent and opens a door at it. Resolves with the agent's
 * address, whose `socket` is the door's. Rejects with what the command said when it failed.
 */
export function runAgentCommand(call: AgentCommandCall): Promise<AgentAddress> {
  return new Promise((resolve, reject) => {
    call.signal.throwIfAborted();
    const { launcher } = call;
    const command = [process.execPath, call.programFile, 'agent', '--json', '--door', call.door.folder];
    const [program = process.execPath, ...words] = [...(launcher?.command ?? []), ...command];
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // The agent that the command leaves behind must not end with a Ctrl-C in this terminal, so the command has a session of its own.
      detached: true,
      // Another user's home may be a place that only they can enter; the command finds its way there.
      ...(launcher === undefined ? {} : { env: { ...launcher.environment }, cwd: '/' }),
    });
    const onAbort = () => {
      // With all of its session, since a launcher can have the command as a child; and not by a signal that the user's process may ignore.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        endGroup(child.pid);
      release();
      reject(toError(call.signal.reason));
    };
    const release = () => {
      call.signal.removeEventListener('abort', onAbort);
      for (const stream of child.stdio) stream?.destroy();
    };
    call.signal.addEventListener('abort', onAbort, { once: true });
    const [, stdout, stderr, key] = child.stdio;
    const output = collect(stdout);
    const complaint = collect(stderr);
    let isFinished = false;
    const finish = (code: number | null, signal: NodeJS.Signals | null) => {
      if (isFinished) return;
      isFinished = true;
      const line =
        output()
          .split('\n')
          .find((text) => text.trim() !== '') ?? '';
      const address = parseJson(line, parseAgentAddress);
      release();
      if (code === 0 && address.ok) resolve(address.value);
      else
        reject(
          new Error(describeFailure(code, signal, complaint(), address.ok ? '' : address.error.message)),
        );
    };
    child.once('error', (error) => {
      release();
      reject(error);
    });
    child.once('close', finish);
    // `close` does not come while something that the command started holds its pipes open.
    child.once('exit', (code, signal) => setTimeout(finish, pipeGraceMs, code, signal).unref());
    writeDoor(key, call.door);
  });
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}

function writeDoor(stream: Readable | Writable | null | undefined, door: DoorRequest): void {
  if (stream === null || stream === undefined || !('write' in stream)) return;
  // A command that ended before it read the key says so by its exit code.
  stream.once('error', () => stream.destroy());
  stream.end(`${JSON.stringify(door)}\n`);
}

function collect(stream: Readable | null): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    if (text.length < maxOutputLength) text += chunk;
  });
  return () => text;
}

function describeFailure(
  code: number | null,
  signal: NodeJS.Signals | null,
  words: string,
  parseFault: string,
): string {
  const lastLine = (words.trimEnd().split('\n').at(-1)?.trim() ?? '').replace(/^remote-kernels agent: /, '');
  const how = signal === null ? `exit code ${String(code)}` : `ended by ${signal}`;
  if (code === 0) return `the agent's command gave no address (${parseFault})`;
  return `the agent did not start or opened no door (${how})${lastLine === '' ? '' : `: ${lastLine.slice(0, 500)}`}`;
}
