import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemErrorCode } from '../../base/errors';

/** More links in a row are a loop (path_resolution(7)). */
const maxLinks = 40;
/** A program's folder has fewer files than this; one that has more is some other folder. */
const maxFiles = 5_000;

/**
 * Looks for what keeps a program of root from being trusted: each path, every folder on the way to it and every link among them must belong to
 * root, be writable by nobody else (a sticky folder such as `/tmp` counts as writable, since anybody can put files there), and be readable by
 * all, since users run the same files. Gives one sentence for each path that fails, which names the first wrong place and what to run.
 */
export function findUntrusted(paths: readonly string[]): Promise<readonly string[]> {
  return findFaults(paths, (path, found) => faultOfRights(path, found) ?? faultOfReading(path, found));
}

/** The same for files that root alone uses: whether others can read them does not count. */
export function findChangeableByOthers(paths: readonly string[]): Promise<readonly string[]> {
  return findFaults(paths, faultOfRights);
}

/** The file of a program and everything beside and below it, which it loads or could load. Throws when there is far too much of it. */
export async function filesOfProgram(programFile: string): Promise<readonly string[]> {
  const found: string[] = [];
  const waiting = [dirname(programFile)];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      found.push(path);
      if (entry.isDirectory()) waiting.push(path);
    }
    if (found.length > maxFiles)
      throw new Error(
        `${dirname(programFile)} holds more than ${maxFiles} files and is no place for this program`,
      );
  }
  return found;
}

/** Judges one place by itself; links are judged by their owner alone. */
type PlaceJudge = (path: string, found: Stats) => string | undefined;

function faultOfRights(path: string, found: Stats): string | undefined {
  if (found.uid !== 0)
    return `${path} belongs to the user ${found.uid} and not to root; run: chown ${found.isSymbolicLink() ? '-h ' : ''}root ${path}`;
  if (!found.isSymbolicLink() && (found.mode & 0o022) !== 0)
    return `${path} can be changed by others than root; run: chmod go-w ${path}`;
  return undefined;
}

function faultOfReading(path: string, found: Stats): string | undefined {
  if (found.isDirectory() && (found.mode & 0o001) === 0)
    return `${path} cannot be entered by all users; run: chmod o+x ${path}, or put the program elsewhere`;
  if (found.isFile() && (found.mode & 0o004) === 0)
    return `${path} cannot be read by all users; run: chmod o+r ${path}`;
  return undefined;
}

async function findFaults(paths: readonly string[], judge: PlaceJudge): Promise<readonly string[]> {
  const seen = new Map<string, string | undefined>();
  const faults = new Set<string>();
  for (const path of paths) {
    const fault = await faultOfPath(resolve(path), judge, seen, 0);
    if (fault !== undefined) faults.add(fault);
  }
  return [...faults];
}

/** From the top down, so that the first wrong place is the one that decides. `seen` holds what is known of places already looked at. */
async function faultOfPath(
  path: string,
  judge: PlaceJudge,
  seen: Map<string, string | undefined>,
  links: number,
): Promise<string | undefined> {
  if (seen.has(path)) return seen.get(path);
  const parent = dirname(path);
  const above = parent === path ? undefined : await faultOfPath(parent, judge, seen, links);
  const fault = above ?? (await faultOfPlace(path, judge, seen, links));
  seen.set(path, fault);
  return fault;
}

async function faultOfPlace(
  path: string,
  judge: PlaceJudge,
  seen: Map<string, string | undefined>,
  links: number,
): Promise<string | undefined> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return `${path} is not there`;
  const fault = judge(path, found);
  if (fault !== undefined || !found.isSymbolicLink()) return fault;
  if (links >= maxLinks) return `${path} is one of too many links in a row`;
  return faultOfPath(resolve(dirname(path), await readlink(path)), judge, seen, links + 1);
}
