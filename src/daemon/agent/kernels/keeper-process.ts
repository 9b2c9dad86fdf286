import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseJson } from '../../../base/parse';
import { abortable } from '../../../base/time';
import type { Logger } from '../../../base/logger';
import { WireError } from '../../../protocol/errors';
import {
  parseKeeperGreeting,
  type KeeperGreeting,
  type KeeperOrder,
  type KeeperState,
} from '../../../protocol/keeper';
import { openFilesVariable } from '../../platform/open-files';
import { endByForce } from './force';

/** A keeper that listens and whose kernel answered. */
export interface StartedKeeper {
  readonly socket: string;
  readonly state: KeeperState;
}

/** A small heap keeps a keeper's own memory small; what passes through it lies outside the heap. */
const nodeFlags = ['--max-semi-space-size=2'];

/**
 * Beyond the kernel's own start time limit: for starting the keeper, for what it asks a kernel that has answered, for ending one that has not,
 * and for its report.
 */
const keeperMarginMs = 20_000;

/**
 * How long a keeper may take until it has reported. Well above what a keeper that works takes, since it knows best why its kernel did not start
 * and cleans up behind it: over TCP it starts a kernel whose port was taken a second time.
 */
export function keeperTimeoutMs({ startTimeoutMs, transport }: KeeperOrder): number {
  return (transport === 'tcp' ? 2 : 1) * startTimeoutMs + keeperMarginMs;
}

/**
 * Starts a keeper in a session of its own, so that it outlives this process, and waits until its kernel answers. Rejects with the
 * {@link WireError} that the keeper reports, with what the kernel printed in its detail. A keeper that reports nothing in time is ended together
 * with the kernel that it started; one that it was to adopt stays.
 */
export async function startKeeper(
  program: string,
  order: KeeperOrder,
  logger: Logger,
  timeoutMs = keeperTimeoutMs(order),
): Promise<StartedKeeper> {
  const keeper = spawn(process.execPath, [...nodeFlags, program, 'keeper'], {
    detached: true,
    cwd: order.socketFolder,
    env: keeperVariables(process.env),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  keeper.unref();
  // A keeper that ends at once breaks its standard input; its greeting or exit says why.
  keeper.stdin.on('error', (error) => logger.debug(`the keeper did not read its order: ${error.message}`));
  keeper.stdin.end(`${JSON.stringify(order)}\n`);
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    timeout.abort(new WireError('kernel-start-timeout', 'the keeper of the kernel does not answer'));
  }, timeoutMs);
  try {
    const exited = new Promise<never>((_resolve, reject) => {
      keeper.once('error', (error) => reject(unexpectedEnd(error.message)));
      // `close` comes after everything on standard output was read.
      keeper.once('close', (code, signal) => reject(unexpectedEnd(signal ?? `exit code ${String(code)}`)));
    });
    return await abortable(Promise.race([readGreetings(keeper.stdout, logger), exited]), timeout.signal);
  } catch (error) {
    if (timeout.signal.aborted) {
      keeper.kill('SIGKILL');
      if (order.adopt === undefined) await endByForce(order.stateFolder, logger);
    }
    throw error;
  } finally {
    clearTimeout(timer);
    keeper.stdout.destroy();
  }
}

async function readGreetings(stdout: NodeJS.ReadableStream, logger: Logger): Promise<StartedKeeper> {
  let socket: string | undefined;
  for await (const line of createInterface({ input: stdout })) {
    const greeting = parseJson(line, parseKeeperGreeting);
    if (!greeting.ok) {
      logger.warn(`the keeper said something unexpected: ${greeting.error.message}`);
      continue;
    }
    switch (greeting.value.event) {
      case 'listening':
        socket = greeting.value.socket;
        break;
      case 'started':
        if (socket === undefined) throw unexpectedEnd('it started a kernel without listening');
        return { socket, state: greeting.value.state };
      case 'failed':
        throw toStartError(greeting.value);
    }
  }
  // Standard output ended; the exit decides what to report.
  return new Promise(() => undefined);
}

function toStartError(failed: Extract<KeeperGreeting, { event: 'failed' }>): WireError {
  return new WireError(failed.code, failed.message, {
    output: failed.output,
    ...(failed.exitCode === undefined ? {} : { exitCode: failed.exitCode }),
    ...(failed.signal === undefined ? {} : { signal: failed.signal }),
  });
}

function unexpectedEnd(reason: string): WireError {
  return new WireError(
    'kernel-start-failed',
    `the keeper of the kernel ended before the kernel answered: ${reason}`,
  );
}

const keeperNames = ['HOME', 'PATH', 'LANG', 'LC_ALL', 'TZ', 'ELECTRON_RUN_AS_NODE', 'LD_LIBRARY_PATH'];

/** A keeper needs almost nothing of our environment; the kernel's is in the order. In the desktop editor our Node is Electron. */
function keeperVariables(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const name of [...keeperNames, openFilesVariable]) {
    if (variables[name] !== undefined) kept[name] = variables[name];
  }
  return kept;
}
