import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Disposable } from '../../../base/disposable';
import { systemErrorCode } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import type { WatchedPath } from './explore';
import { isFault, type Files } from './files';

/** The most folders that are watched; what is beyond is noticed by the periodic look. */
export const maxWatchedFolders = 1024;

interface Watch {
  readonly watcher: FSWatcher;
  readonly identity: string;
  names: readonly RegExp[] | undefined;
}

/** A folder to watch, and the names in it that matter (all, when `undefined`). */
export interface WatchPlan {
  readonly folder: string;
  readonly identity: string;
  readonly names: readonly RegExp[] | undefined;
}

/**
 * Keeps watches on the folders that the last search named and calls back on a change that may matter. What the system refuses to watch is
 * left out: a watch never fails the program.
 */
export class FolderWatches implements Disposable {
  private readonly watches = new Map<string, Watch>();
  private isDisposed = false;
  private saidLimit = false;

  constructor(
    private readonly files: Files,
    private readonly logger: Logger,
    private readonly onChange: () => void,
  ) {}

  /** How many folders are watched. */
  get size(): number {
    return this.watches.size;
  }

  /** Makes the watches those of the list. Answers whether there are any that were not there before: what changed in between was not seen. */
  async update(watched: readonly WatchedPath[]): Promise<boolean> {
    const plans = await planWatches(this.files, watched, maxWatchedFolders);
    if (this.isDisposed) return false;
    const wanted = new Map(plans.map((plan) => [plan.folder, plan]));
    for (const [folder, known] of this.watches) {
      if (wanted.get(folder)?.identity !== known.identity) this.end(folder);
    }
    let hasAdded = false;
    for (const plan of plans) {
      const known = this.watches.get(plan.folder);
      if (known !== undefined) known.names = plan.names;
      else if (this.begin(plan)) hasAdded = true;
      else break;
    }
    return hasAdded;
  }

  dispose(): void {
    this.isDisposed = true;
    for (const folder of [...this.watches.keys()]) this.end(folder);
  }

  /** Answers `false` when the system allows no more watches, so that the rest is not tried. */
  private begin(plan: WatchPlan): boolean {
    const { folder, identity, names } = plan;
    try {
      const watcher = watch(folder, { persistent: false });
      const entry: Watch = { watcher, identity, names };
      // Node's types leave out that the name is not always known.
      watcher.on('change', (_kind: string, name: string | Buffer | null) => {
        if (matters(entry.names, name?.toString())) this.onChange();
      });
      watcher.on('error', () => {
        this.end(folder);
        this.onChange();
      });
      this.watches.set(folder, entry);
      return true;
    } catch (error) {
      const code = systemErrorCode(error);
      // A folder that went away or is closed to us is no reason to leave out the others; a limit of the system is.
      if (code !== 'ENOSPC' && code !== 'EMFILE' && code !== 'ENFILE') return true;
      if (!this.saidLimit) this.logger.info(`changes of environments are noticed late: ${code} at ${folder}`);
      this.saidLimit = true;
      return false;
    }
  }

  private end(folder: string): void {
    this.watches.get(folder)?.watcher.close();
    this.watches.delete(folder);
  }
}

/** Whether a change of that name in a folder matters; an unknown name may be any. */
function matters(names: readonly RegExp[] | undefined, name: string | undefined): boolean {
  return names === undefined || name === undefined || names.some((pattern) => pattern.test(name));
}

/**
 * Turns paths into folders that exist: for an absent path the nearest folder above it, where only the next name on the way matters. The
 * first `limit` folders count.
 */
export async function planWatches(
  files: Files,
  watched: readonly WatchedPath[],
  limit: number,
): Promise<WatchPlan[]> {
  const known = new Map<string, Promise<string | undefined>>();
  const identityOf = (path: string) => {
    const asked = known.get(path) ?? folderIdentity(files, path);
    known.set(path, asked);
    return asked;
  };
  const existing = await Promise.all(watched.map((path) => nearestFolder(path, identityOf)));
  const plans = new Map<string, { folder: string; identity: string; names: RegExp[] | undefined }>();
  for (const found of existing) {
    if (found === undefined) continue;
    const plan = plans.get(found.folder);
    if (plan === undefined) {
      if (plans.size < limit) plans.set(found.folder, { ...found, names: found.names?.slice() });
    } else if (found.names === undefined) plan.names = undefined;
    else plan.names?.push(...found.names);
  }
  return [...plans.values()];
}

async function nearestFolder(
  watched: WatchedPath,
  identityOf: (path: string) => Promise<string | undefined>,
): Promise<WatchPlan | undefined> {
  let folder = watched.path;
  let names = watched.names === undefined ? undefined : [watched.names];
  for (;;) {
    const identity = await identityOf(folder);
    if (identity !== undefined) return { folder, identity, names };
    const above = dirname(folder);
    if (above === folder) return undefined;
    names = [new RegExp(`^${basename(folder).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)];
    folder = above;
  }
}

async function folderIdentity(files: Files, path: string): Promise<string | undefined> {
  const facts = await files.stat(path);
  return isFault(facts) || facts.type !== 'folder' ? undefined : facts.identity;
}
