import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { withDeadline } from '../base/time';
import { repository } from './repository';

/** How to run a program to its end. */
export interface CommandOptions {
  readonly folder?: string;
  /** The whole environment; the caller's by default. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What the program printed. */
export interface CommandResult {
  readonly output: string;
  readonly errors: string;
}

/** Runs a program and gives what it printed. Rejects with the command, its exit code and the last lines it wrote when it fails or takes too long. */
export async function runCommand(
  program: string,
  words: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const command = [program, ...words].join(' ');
  const signal = withDeadline(options.timeoutMs, command, options.signal);
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd: options.folder,
      env: options.environment ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', (error) => {
      reject(
        signal.aborted && signal.reason instanceof Error
          ? signal.reason
          : new Error(`${command}: ${error.message}`),
      );
    });
    child.on('close', (exitCode, endedBy) => {
      const result = { output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() };
      if (exitCode === 0) resolve(result);
      else {
        const last = `${result.output}${result.errors}`.trimEnd().split('\n').slice(-25).join('\n');
        reject(
          new Error(`${command}: ended with ${endedBy ?? `exit code ${exitCode ?? 'unknown'}`}\n${last}`),
        );
      }
    });
  });
}

/** Runs a tool of the npm packages with Node and shows what it prints. Rejects when it fails. */
export function runTool(tool: string, words: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(repository, 'node_modules', tool), ...words], {
      cwd: repository,
      stdio: ['ignore', 'inherit', 'inherit'],
      signal,
    });
    child.on('error', reject);
    child.on('exit', (exitCode, endedBy) => {
      if (exitCode === 0) resolve();
      else reject(new Error(`ended with ${endedBy ?? `exit code ${exitCode ?? 'unknown'}`}`));
    });
  });
}
