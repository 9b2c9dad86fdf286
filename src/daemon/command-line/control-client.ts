import { isAbortError, systemErrorCode } from '../../base/errors';
import type { Parser } from '../../base/parse';
import { withDeadline } from '../../base/time';
import { exitCodes } from '../../protocol/command-line';
import { requestJson } from '../platform/socket-http';
import { findControlSockets } from './daemon-folders';
import { CommandError } from './terminal';

const timeoutMs = 10_000;

/**
 * Asks the running daemon of this user, at one of the given sockets or else where a single-user daemon has it. Rejects with a
 * {@link CommandError} that says how to start one when none runs.
 */
export async function askDaemon<T>(
  method: 'GET' | 'POST',
  path: string,
  parser: Parser<T>,
  firstSockets: readonly string[] = [],
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
          'the daemon on this host does not answer; stop it and start it again with: remote-kernels serve --single-user',
          exitCodes.temporaryFailure,
          { cause: error },
        );
      throw error;
    }
  }
  throw new CommandError(
    'no daemon of yours runs on this host; start one with: remote-kernels serve --single-user',
    exitCodes.unavailable,
  );
}
