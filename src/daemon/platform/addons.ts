import { join } from 'node:path';

/** How the platform of a native addon is called below `addons/` beside the bundle: `linux-x64-glibc`, `darwin-arm64`. */
export function addonPlatform(): string {
  const platform = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${platform}-${isMusl() ? 'musl' : 'glibc'}` : platform;
}

/** Whether this Node is built against musl, read from its own report: no file says it on every system. */
export function isMusl(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}

/** Where the bundle has an addon of this platform, whether it is there or not. */
export function bundledAddon(file: string): string {
  return join(__dirname, 'addons', addonPlatform(), file);
}

/** Loads an addon. `require` would be the bundle's own, which knows nothing outside the bundle. */
export function loadAddon(path: string): unknown {
  const loaded: { exports: unknown } = { exports: {} };
  process.dlopen(loaded, path);
  return loaded.exports;
}
