import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as koffi from 'koffi';
import { addonPlatform, bundledAddon, isMusl, loadAddon } from './addons';

/** What koffi offers; its addon is all that is needed of the package. */
export type Koffi = typeof koffi;

/**
 * Loads the addon of `koffi`, with which C libraries are called. It lies beside the bundle, one folder a platform; where the sources run as they
 * are it is taken from the installed package. Throws in words for a person where this platform has none.
 */
export function loadKoffi(): Koffi {
  const { platform, arch } = process;
  const installed = platform === 'linux' && isMusl() ? `musl_${arch}` : `${platform}_${arch}`;
  const packages = join(__dirname, '..', '..', '..', 'node_modules', '@koromix');
  const path = [
    bundledAddon('koffi.node'),
    join(packages, `koffi-${platform}-${arch}`, installed, 'koffi.node'),
  ].find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new Error(
      `this installation has no part for calling PAM on this platform (${addonPlatform()}); serve with --single-user instead`,
    );
  return loadAddon(path) as Koffi;
}
