import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const repository = resolve(__dirname, '..', '..');

/** The folder of the built bundles: `REMOTE_KERNELS_DIST`, else `dist/`. */
export function bundleFolder(): string {
  return resolve(process.env['REMOTE_KERNELS_DIST'] ?? join(repository, 'dist'));
}

/** The built daemon (`daemon.js`), run as `node <path> …`. Throws with the command that builds it when it is not there. */
export function daemonBundle(): string {
  const path = join(bundleFolder(), 'daemon.js');
  if (!existsSync(path))
    throw new Error(`${path} is not built; build it with: npx webpack --config-name daemon`);
  return path;
}
