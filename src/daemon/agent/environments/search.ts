import { basename, dirname } from 'node:path';
import type { Logger } from '../../../base/logger';
import type { Environment } from '../../../protocol/environments';
import { explore, type WatchedPath } from './explore';
import { isFault, type Fault } from './files';
import { inspectInstallation } from './inspect-installation';
import { inspectKernelspecFolder } from './inspect-kernelspecs';
import { inspectPrefix } from './inspect-prefix';
import type { InspectionCache } from './inspection-cache';
import {
  compareEnvironments,
  type Expectation,
  type Inspection,
  type KernelspecFound,
  type Person,
} from './inspection';
import type { Place } from './places';
import { TaskGroup } from './task-group';

/** What a search needs; `onFound` hears of each environment as soon as it is described, perhaps again with a better path. */
export interface SearchOptions {
  readonly cache: InspectionCache;
  readonly person: Person;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  onFound(environment: Environment): void;
}

/** Everything that a search found, and what to watch to learn of changes. */
export interface SearchResult {
  readonly environments: readonly Environment[];
  /** Folders in which environments come and go, most telling first. */
  readonly watched: readonly WatchedPath[];
}

/** How many places and prefixes are looked at side by side. */
const tasksAtOnce = 24;

/** A thing that was found, under the key by which it is the same thing wherever it was found. */
interface Finding {
  readonly rank: number;
  inspection: Inspection | undefined;
  readonly cacheKey: string;
}

/** Looks at all places and what they lead to. A place that fails is logged and stops nothing. */
export async function search(start: readonly Place[], options: SearchOptions): Promise<SearchResult> {
  return new Search(options).run(start);
}

class Search {
  private readonly group: TaskGroup;
  private readonly seenPlaces = new Set<string>();
  private readonly findings = new Map<string, Finding>();
  private readonly kernelspecFolders = new Map<string, { rank: number; found: readonly KernelspecFound[] }>();
  private readonly watched: WatchedPath[] = [];
  private readonly usedKeys = new Set<string>();

  constructor(private readonly options: SearchOptions) {
    this.group = new TaskGroup(tasksAtOnce, options.signal, (error) => {
      options.logger.warn(`a place could not be searched: ${String(error)}`);
    });
  }

  async run(start: readonly Place[]): Promise<SearchResult> {
    // Lists of prefixes come last: most of what they name is then known already, and is not described twice.
    const lists = new Set<Place['look']>(['prefix-list', 'prefix']);
    start.forEach((place, rank) => lists.has(place.look) || this.visit(place, rank));
    await this.group.idle();
    start.forEach((place, rank) => lists.has(place.look) && this.visit(place, rank));
    await this.group.idle();
    const environments = this.collect();
    for (const { cacheKey } of this.findings.values()) {
      for (const path of this.options.cache.foldersOf(cacheKey)) this.watched.push({ path });
    }
    this.options.cache.keepOnly(this.usedKeys);
    return { environments, watched: this.watched };
  }

  private visit(place: Place, rank: number): void {
    const key = `${place.look} ${place.path}`;
    if (this.seenPlaces.has(key)) return;
    this.seenPlaces.add(key);
    this.group.add(() => this.lookAt(place, rank));
  }

  private async lookAt(place: Place, rank: number): Promise<void> {
    const { cache, person } = this.options;
    const key = `explore ${place.look} ${place.path}`;
    this.usedKeys.add(key);
    const found = await cache.get(key, (traced) => explore(traced, place, person));
    this.watched.push(...found.watched);
    for (const next of found.places) this.visit(next, rank);
    for (const { path, expectation } of found.prefixes) this.consider(path, expectation, rank);
    for (const program of found.programs) this.group.add(() => this.considerProgram(program, rank));
    for (const folder of found.kernelspecFolders)
      this.group.add(() => this.considerKernelspecs(folder, rank));
  }

  private consider(prefix: string, expectation: Expectation, rank: number): void {
    this.group.add(async () => {
      const { cache, person } = this.options;
      const real = await this.realpath(prefix);
      const realPrefix = isFault(real) ? prefix : real;
      const cacheKey = `prefix ${expectation} ${prefix}`;
      await this.settle(`prefix ${realPrefix}`, cacheKey, rank, () =>
        cache.get(cacheKey, (files) => inspectPrefix(files, { prefix, realPrefix, expectation }, person)),
      );
    });
  }

  private async considerProgram(python: string, rank: number): Promise<void> {
    const { cache, person } = this.options;
    const real = await this.realpath(python);
    if (isFault(real)) return;
    const prefix = dirname(dirname(real));
    const candidate = { kind: 'system', prefix, realPrefix: prefix, name: python, python } as const;
    const cacheKey = `program ${python}`;
    await this.settle(`program ${real}`, cacheKey, rank, () =>
      cache.get(cacheKey, async (files) => ({
        environment: await inspectInstallation(files, candidate, person),
        kernelspecs: [],
      })),
    );
  }

  private async considerKernelspecs(folder: string, rank: number): Promise<void> {
    const { cache, person } = this.options;
    const key = `kernelspecs ${folder}`;
    this.usedKeys.add(key);
    const found = await cache.get(key, (files) => inspectKernelspecFolder(files, folder, person));
    this.kernelspecFolders.set(folder, { rank, found });
    this.follow(found, rank);
    for (const path of cache.foldersOf(key)) this.watched.push({ path });
  }

  private realpath(path: string): Promise<string | Fault> {
    const key = `realpath ${path}`;
    this.usedKeys.add(key);
    return this.options.cache.get(key, (files) => files.realpath(path));
  }

  /** Describes a thing unless it is already known under a path that comes first in the order of places. */
  private async settle(
    key: string,
    cacheKey: string,
    rank: number,
    inspect: () => Promise<Inspection | undefined>,
  ): Promise<void> {
    const known = this.findings.get(key);
    if (known !== undefined && known.rank <= rank && known.inspection !== undefined) return;
    const inspection = await inspect();
    this.usedKeys.add(cacheKey);
    const other = this.findings.get(key);
    if (other?.inspection !== undefined && (inspection === undefined || other.rank <= rank)) return;
    this.findings.set(key, { rank, inspection, cacheKey });
    if (inspection === undefined) return;
    this.options.onFound(inspection.environment);
    for (const kernelspec of inspection.kernelspecs) this.options.onFound(kernelspec.environment);
    this.follow(inspection.kernelspecs, rank);
  }

  /** A kernelspec that starts another environment's Python tells of that environment. */
  private follow(kernelspecs: readonly KernelspecFound[], rank: number): void {
    for (const { repeatedPrefix } of kernelspecs) {
      if (repeatedPrefix !== undefined) this.consider(repeatedPrefix, 'perhaps', rank);
    }
  }

  private collect(): Environment[] {
    const all = new Map<string, Environment>();
    for (const { inspection } of this.findings.values()) {
      if (inspection === undefined) continue;
      for (const { environment } of [inspection, ...inspection.kernelspecs])
        all.set(environment.id, environment);
    }
    const folders = [...this.kernelspecFolders.values()].sort((left, right) => left.rank - right.rank);
    const shown = new Set<string>();
    for (const { environment, repeatedPrefix } of folders.flatMap((folder) => folder.found)) {
      const name = environment.kernelspec?.name ?? basename(environment.prefix);
      // Jupyter, too, takes the first of a name; one called `python3` that starts a plain Python is that Python's environment again.
      const isRepeated = repeatedPrefix !== undefined && /^python[23]?$/.test(name);
      if (shown.has(name) || isRepeated) continue;
      shown.add(name);
      all.set(environment.id, environment);
      this.options.onFound(environment);
    }
    return [...all.values()].sort(compareEnvironments);
  }
}
