import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the platform of a native addon is called below `addons/` beside the bundle: `linux-x64-glibc`, `darwin-arm64`. */
export function addonPlatform(): string {
  const platform = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${platform}-${isMusl() ? 'musl' : 'glibc'}` : platform;
}

/**
 * Whether this Node is built against musl. Its own memory map names the C library that it has loaded; where that cannot be read or names none, Node's
 * report tells it too, which takes several milliseconds to make.
 */
export function isMusl(): boolean {
  const library = libraryIn(readOwnMap());
  if (library !== undefined) return library === 'musl';
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}

/** The C library among the files in a memory map (proc(5), `/proc/PID/maps`), if exactly one of the two is there. */
export function libraryIn(map: string): 'glibc' | 'musl' | undefined {
  const isMuslThere = /\/(?:ld-musl-|libc\.musl-)[^/]*$/m.test(map);
  const isGlibcThere = /\/libc(?:\.so\.6|-2\.\d+\.so)$/m.test(map);
  if (isMuslThere === isGlibcThere) return undefined;
  return isMuslThere ? 'musl' : 'glibc';
}

function readOwnMap(): string {
  try {
    return readFileSync('/proc/self/maps', 'latin1');
  } catch {
    // No such file on this system, or not for this process: the report is asked.
    return '';
  }
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
