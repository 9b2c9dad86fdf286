import { isAbortError, systemErrorCode } from '../../base/errors';
import type { Parser } from '../../base/parse';
import { withDeadline } from '../../base/time';
import { exitCodes } from '../../protocol/command-line';
import { requestJson } from '../platform/socket-http';
import { findControlSockets } from './daemon-folders';
import { CommandError } from './terminal';

const timeoutMs = 10_000;

/** What to say of a daemon that should run and does not. */
export interface OwnDaemon {
  readonly absent: string;
  /** How to start it, after a semicolon. */
  readonly start: string;
}

const singleUserDaemon: OwnDaemon = {
  absent: 'no daemon of yours runs on this host',
  start: 'start one with: remote-kernels serve --single-user',
};

/**
 * Asks the running daemon of this user, at one of the given sockets or else where a single-user daemon has it. Rejects with a
 * {@link CommandError} that says how to start one when none runs: `ownDaemon`, by default a single-user one.
 */
export async function askDaemon<T>(
  method: 'GET' | 'POST',
  path: string,
  parser: Parser<T>,
  firstSockets: readonly string[] = [],
  ownDaemon: OwnDaemon = singleUserDaemon,
): Promise<T> {
  for (const socket of [...firstSockets, ...(await findControlSockets())]) {
    try {
      const signal = withDeadline(timeoutMs, 'the daemon');
      return await requestJson({ socket, path, method, signal }, parser);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'ENOENT' || code === 'ECONNREFUSED') continue;
      if (isAbortError(error))
        throw new CommandError(
          `the daemon on this host does not answer; stop it, then ${ownDaemon.start}`,
          exitCodes.temporaryFailure,
          { cause: error },
        );
      throw error;
    }
  }
  throw new CommandError(`${ownDaemon.absent}; ${ownDaemon.start}`, exitCodes.unavailable);
}
