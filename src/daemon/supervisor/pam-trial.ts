import { toError, wrapError } from '../../base/errors';
import { exitCodes } from '../../protocol/command-line';
import { loadKoffi } from '../platform/koffi';
import { pamLibrary } from './pam-library';

/**
 * The process `remote-kernels pam --trial`: loads all that an attempt to sign in needs, asks PAM nothing, and ends. Resolves with the exit code; what
 * is missing is said on standard error. It is a process of its own because an addon of another system can end the one that loads it.
 */
export function runPamTrial(): number {
  try {
    loadPam();
    return exitCodes.ok;
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n`);
    return exitCodes.unavailable;
  }
}

function loadPam(): void {
  const koffi = loadKoffi();
  try {
    koffi.load(pamLibrary).unload();
  } catch (error) {
    throw wrapError(
      `this system has no PAM (${pamLibrary}); install it: libpam0g on Debian and Ubuntu, pam on Fedora and openSUSE, linux-pam on Alpine`,
      error,
    );
  }
}
