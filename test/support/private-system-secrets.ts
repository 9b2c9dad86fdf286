import { execFile } from 'node:child_process';

/** Where programs of a private system write, on mounts of its own. */
const places = ['/etc', '/home', '/run', '/var/log', '/var/lib/remote-kernels', '/opt/remote-kernels'];

/** Far more than the largest of these systems takes. */
const searchTimeoutMs = 120_000;

/**
 * Rejects when one of these passwords is in a file of the private system of that process, where programs write. Python's environments, which are
 * copies, are left out.
 */
export async function assertNowhereInFiles(holderPid: number, passwords: readonly string[]): Promise<void> {
  const words = ['-t', `${holderPid}`, '-m', '--', 'grep', '-r', '-l', '-a', '-s', '-F', '-f', '-'];
  const printed = await grep([...words, '--exclude-dir=.virtualenvs', ...places], passwords.join('\n'));
  const files = printed.split('\n').filter((line) => line !== '');
  if (files.length > 0) throw new Error(`a password of the test was written to: ${files.join(', ')}`);
}

/** The names of the files in which something was found. */
function grep(words: readonly string[], patterns: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('nsenter', words, { timeout: searchTimeoutMs }, (error, stdout, stderr) => {
      // It ends with 1 when it finds nothing, and with 2 when a file has gone meanwhile, which -s does not name.
      if (error === null || error.code === 1 || (error.code === 2 && stderr === '')) resolve(stdout);
      else reject(new Error(`searching for passwords: ${error.message}`));
    });
    // A search that could not be started says so by its exit.
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stdin?.end(`${patterns}\n`);
  });
}
