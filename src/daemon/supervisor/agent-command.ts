import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { toError } from '../../base/errors';
import { parseJson } from '../../base/parse';
import type { DoorRequest } from '../../protocol/agent';
import { parseAgentAddress, type AgentAddress } from '../../protocol/command-line';

/** How the agent's command is called. */
export interface AgentCommandCall {
  /** This program's own file, run with this Node. */
  readonly programFile: string;
  /** The door to open; its key goes through a pipe, never through argv or environment. */
  readonly door: DoorRequest;
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
    const child = spawn(
      process.execPath,
      [call.programFile, 'agent', '--json', '--door', call.door.folder],
      // The agent that the command leaves behind must not end with a Ctrl-C in this terminal, so the command has a session of its own.
      { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], signal: call.signal, detached: true },
    );
    const [, stdout, stderr, key] = child.stdio;
    const output = collect(stdout);
    const words = collect(stderr);
    let isFinished = false;
    const finish = (code: number | null, signal: NodeJS.Signals | null) => {
      if (isFinished) return;
      isFinished = true;
      const line =
        output()
          .split('\n')
          .find((text) => text.trim() !== '') ?? '';
      const address = parseJson(line, parseAgentAddress);
      stdout?.destroy();
      stderr?.destroy();
      if (code === 0 && address.ok) resolve(address.value);
      else reject(new Error(describeFailure(code, signal, words(), address.ok ? '' : address.error.message)));
    };
    child.once('error', (error) => reject(call.signal.aborted ? toError(call.signal.reason) : error));
    child.once('close', finish);
    // `close` does not come while something that the command started holds its pipes open.
    child.once('exit', (code, signal) => setTimeout(finish, pipeGraceMs, code, signal).unref());
    writeDoor(key, call.door);
  });
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
  const lastLine = words.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const how = signal === null ? `exit code ${String(code)}` : `ended by ${signal}`;
  if (code === 0) return `the agent's command gave no address (${parseFault})`;
  return `the agent did not start (${how})${lastLine === '' ? '' : `: ${lastLine.slice(0, 500)}`}`;
}
