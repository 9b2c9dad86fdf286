import { existsSync } from 'node:fs';
import { addonPlatform, bundledAddon, loadAddon } from '../platform/addons';

/**
 * Stands in the bundle for the loader of `zeromq`, which looks for a manifest beside its own file and knows musl only by a file of Alpine.
 * The addons lie beside the bundle, one folder a platform.
 */
const path = bundledAddon('addon.node');
if (!existsSync(path))
  throw new Error(`there is no ZeroMQ for this platform (${addonPlatform()}) in this installation`);
export default loadAddon(path);
