import { resolve } from 'node:path';

/** The folder of the repository. */
export const repository = resolve(__dirname, '..', '..');

/** Where test runs leave what a person may want to look at: screenshots, packages, logs. Not under version control. */
export const artifacts = resolve(repository, 'artifacts');

/** The two files of the daemon's bundle: the program that is run, and what it loads for everything but asking PAM. */
export const daemonBundles = ['daemon.js', 'daemon-program.js'] as const;

/** Where the bundles are built: `REMOTE_KERNELS_DIST`, so that two builds can run beside each other, else `dist/`. */
export function distFolder(): string {
  return resolve(process.env['REMOTE_KERNELS_DIST'] ?? resolve(repository, 'dist'));
}
