import { execFile } from 'node:child_process';
import { toSingleLine } from '../../../base/text';
import { exitCodes } from '../../../protocol/command-line';
import { CommandError } from '../terminal';

const trialTimeoutMs = 30_000;

/**
 * Tries in a process of its own whether PAM can be called on this system: that the bundle has the addon for this platform, and that it and libpam
 * load. Resolves with a sentence that says what is missing and what to do, or `undefined` when nothing is.
 */
export function findPamFault(programFile: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [programFile, 'pam', '--trial'],
      { timeout: trialTimeoutMs, cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' } },
      (error, _output, said) => {
        if (error === null) {
          resolve(undefined);
          return;
        }
        const words = said.trim().split('\n')[0] ?? '';
        resolve(
          typeof error.signal === 'string'
            ? `the part that calls PAM does not work on this system (${error.signal}); install the program again from its package`
            : toSingleLine(words === '' ? error.message : words, 1_000),
        );
      },
    );
  });
}

/** Rejects with a {@link CommandError} when PAM cannot be called on this system: nobody could ever sign in. */
export async function checkPamParts(programFile: string): Promise<void> {
  const fault = await findPamFault(programFile);
  if (fault === undefined) return;
  throw new CommandError(`nobody could sign in: ${fault}`, exitCodes.unavailable);
}
