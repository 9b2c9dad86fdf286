import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Stands in the bundle for the loader of `zeromq`, which looks for a manifest beside its own file and knows musl only by a file of Alpine.
 * The addons lie beside the bundle, one folder a platform; whether this Node is built against musl is read from its own report.
 */
function addonFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${platform}-${isMusl() ? 'musl' : 'glibc'}` : platform;
}

function isMusl(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}

const path = join(__dirname, 'addons', addonFolder(), 'addon.node');
if (!existsSync(path))
  throw new Error(`there is no ZeroMQ for this platform (${addonFolder()}) in this installation`);
// `require` would be the bundle's own, which knows nothing outside the bundle.
const loaded: { exports: unknown } = { exports: {} };
process.dlopen(loaded, path);
export default loaded.exports;
