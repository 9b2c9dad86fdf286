import type { Stats } from 'node:fs';

/** What stands at a path, in words for a sentence; `lstat` is to be asked, so that a link is a link. */
export function kindOfFile(found: Stats): string {
  if (found.isSymbolicLink()) return 'a link';
  if (found.isDirectory()) return 'a folder';
  if (found.isSocket()) return 'a socket';
  if (found.isFIFO()) return 'a pipe';
  return found.isFile() ? 'a file' : 'a device';
}
