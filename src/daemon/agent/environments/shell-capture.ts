import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { systemErrorCode, toError } from '../../../base/errors';

/** A shell to be run until it has printed its exported variables. */
export interface CaptureRequest {
  readonly program: string;
  /** Makes the arguments out of the command that prints the variables. */
  arguments(printVariables: string): readonly string[];
  /** Makes what is written to standard input out of that command. */
  input(printVariables: string): string;
  readonly variables: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly signal: AbortSignal;
}

/** More than this is not variables; a start-up file that prints without end is cut off here. */
const maxOutputBytes = 16 * 1024 * 1024;

/** How long a shell may take to leave after it has printed everything. */
const leaveTimeMs = 500;

/**
 * Runs a shell that prints its exported variables between two random marks, and gives them. Rejects when the shell ends without them, when the
 * signal aborts, or when it prints too much. In each of these cases its whole group of processes is ended.
 */
export function captureVariables(request: CaptureRequest): Promise<Record<string, string>> {
  const mark = randomBytes(16).toString('hex');
  const [begin, end] = [`begin-${mark}`, `end-${mark}`];
  const print = printCommand(begin, end);
  return new Promise((resolve, reject) => {
    request.signal.throwIfAborted();
    // A session of its own: an interactive shell must not take our terminal, and all that it starts can be ended at once.
    const shell = spawn('/bin/sh', withInput(request, print), {
      env: { ...request.variables, ...printerVariables },
      cwd: request.workingDirectory,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const forget = endWithUs(shell.pid);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let hasExited = false;
    const finish = (settle: () => void, leaveMs: number) => {
      request.signal.removeEventListener('abort', onAbort);
      shell.stdout.removeAllListeners('data');
      shell.stdout.resume();
      const leave = () => {
        forget();
        if (!hasExited) killGroup(shell.pid);
        shell.stdout.destroy();
      };
      if (leaveMs === 0 || hasExited) leave();
      else setTimeout(leave, leaveMs).unref();
      shell.unref();
      settle();
    };
    const onAbort = () => finish(() => reject(toError(request.signal.reason)), 0);
    request.signal.addEventListener('abort', onAbort, { once: true });
    shell.on('error', (error) => finish(() => reject(error), 0));
    shell.on('exit', () => {
      hasExited = true;
    });
    // After `close` nothing can come; a process that a start-up file left behind may hold the pipe open, hence the search at every chunk.
    shell.on('close', (code, killedBy) => {
      const how = killedBy ?? `exit code ${code ?? 'unknown'}`;
      finish(() => reject(new Error(`${request.program} ended without telling its variables (${how})`)), 0);
    });
    shell.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxOutputBytes) {
        finish(() => reject(new Error(`${request.program} prints without end`)), 0);
        return;
      }
      if (!isEndNear(chunks, end)) return;
      const variables = parseCapture(Buffer.concat(chunks), begin, end);
      if (variables !== undefined) finish(() => resolve(variables), leaveTimeMs);
    });
  });
}

/**
 * The arguments of a `/bin/sh` that becomes the shell, with the input waiting in a pipe: Node's own pipes are sockets, which fish cannot read
 * commands from.
 */
function withInput(request: CaptureRequest, print: string): string[] {
  const word = `input-${randomBytes(8).toString('hex')}`;
  const script = `exec "$0" "$@" <<'${word}'\n${request.input(print)}\n${word}\n`;
  return ['-c', script, request.program, ...request.arguments(print)];
}

/**
 * One line that means the same in every shell (sh, bash, zsh, ksh, fish, csh): only plain words, quoted strings without special characters,
 * and semicolons. Node prints the variables where there is no `env -0`.
 */
function printCommand(begin: string, end: string): string {
  const hasEnv = process.platform === 'linux' && existsSync('/usr/bin/env');
  const script = 'process.stdout.write(Object.entries(process.env).map((e)=>e.join("=")+"\\u0000").join(""))';
  const print = hasEnv ? '/usr/bin/env -0' : `'${process.execPath}' -e '${script}'`;
  return `echo ${begin}; ${print}; echo ${end}`;
}

/** Lets the Node inside an editor run as Node where it has to print the variables; it is no variable of the user's. */
const printerVariables = process.platform === 'linux' ? {} : { ELECTRON_RUN_AS_NODE: '1' };

/** Whether the mark of the end may be in the last chunk, also when it is split over two. */
function isEndNear(chunks: readonly Buffer[], end: string): boolean {
  const last = chunks.at(-1);
  const before = chunks.at(-2);
  if (last === undefined) return false;
  return (
    Buffer.concat([before?.subarray(-end.length) ?? Buffer.alloc(0), last]).includes(end) ||
    last.length < end.length
  );
}

/** The variables between the marks: NUL-separated, so that values may hold line ends. `undefined` while the end has not come. */
export function parseCapture(output: Buffer, begin: string, end: string): Record<string, string> | undefined {
  const start = output.indexOf(`${begin}\n`);
  if (start < 0) return undefined;
  const from = start + begin.length + 1;
  const to = output.indexOf(`\0${end}`, from);
  if (to < 0) return undefined;
  const variables: Record<string, string> = {};
  for (const entry of output.subarray(from, to).toString('utf8').split('\0')) {
    const equals = entry.indexOf('=', 1);
    if (equals > 0) variables[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return variables;
}

/** Groups of shells that still run: should this program end before them, it takes them along. */
const running = new Set<number>();
let isListening = false;

/** Ends the group when this program exits, until the returned function is called. */
function endWithUs(pid: number | undefined): () => void {
  if (pid === undefined) return () => undefined;
  running.add(pid);
  if (!isListening) {
    process.on('exit', () => {
      for (const group of running) killGroup(group);
    });
  }
  isListening = true;
  return () => running.delete(pid);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The group is gone already, which is what was wanted.
    if (systemErrorCode(error) === 'ESRCH') return;
    throw error;
  }
}
