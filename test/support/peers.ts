import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * Says whether a test can run that needs something outside the project. Where it is missing the test is skipped with the reason; in CI, where
 * everything has to be there, it fails. Use it as `if (!requirePeer(t, 'sshd', hasProgram('sshd'))) return;`.
 */
export function requirePeer(t: Pick<TestContext, 'skip'>, whatIsMissing: string, isThere: boolean): boolean {
  if (isThere) return true;
  const message = `${whatIsMissing} is not on this machine`;
  if (process.env['CI'] !== undefined && process.env['CI'] !== '')
    throw new Error(`${message}, and in CI no test may be left out`);
  t.skip(message);
  return false;
}

/** Whether a program is on the PATH or in the folders of the system's programs. */
export function hasProgram(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => isExecutable(join(folder, name)));
}

/** Whether the tests run as root. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not for us: both mean that it cannot be run.
    return false;
  }
}
