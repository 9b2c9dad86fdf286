import { isDeepStrictEqual } from 'node:util';
import type { Disposable } from '../../../base/disposable';
import { DisposableStore } from '../../../base/disposable';
import { isAbortError } from '../../../base/errors';
import { Emitter, type Event } from '../../../base/event';
import type { Logger } from '../../../base/logger';
import { abortable } from '../../../base/time';
import type { Environment, EnvironmentEvent } from '../../../protocol/environments';
import { systemFiles, type Files } from './files';
import { FolderWatches } from './folder-watches';
import { InspectionCache } from './inspection-cache';
import { areSameEnvironment, compareEnvironments, type Person } from './inspection';
import { searchPlaces, usualPlaces, type Place } from './places';
import { search } from './search';
import { createUserNames } from './users';

/**
 * The environments of this user on this host. The first search begins when the catalog is made; what it finds is told as it is found. It
 * runs no tool and reads only files.
 */
export interface EnvironmentCatalog extends Disposable {
  /** Known now, in a stable order: by kind, then name. */
  readonly environments: readonly Environment[];
  /** The first search has ended. */
  readonly isComplete: boolean;
  /** `environment` for each that is found or changed, `removed`, and `complete` once, when the first search has ended. */
  readonly onDidChange: Event<EnvironmentEvent>;
  /** Searches again, everything that has changed on the disk by now included. */
  refresh(signal: AbortSignal): Promise<void>;
  get(id: string): Environment | undefined;
  /** Folders that the user named, absolute or with `~`: searched to a bounded depth, in place of those set before. */
  setSearchFolders(folders: readonly string[]): void;
  /** A project folder that a client works in: its `.venv`, `.pixi/envs`, `venv` and so on are looked at from now on. */
  addProjectFolder(folder: string): void;
  /** What the user's login shell exports, once it is known: its PATH and `CONDA_…` may name places that the agent's own variables do not. */
  setLoginVariables(variables: Readonly<Record<string, string>>): void;
}

/** What a catalog needs from the program around it. */
export interface EnvironmentCatalogOptions {
  readonly homeFolder: string;
  /** The variables that name places, such as `CONDA_EXE` or `PATH`. */
  readonly variables: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** Whether changes on the disk are noticed without `refresh`. */
  readonly watch: boolean;
  /** For tests: the files that are read. */
  readonly files?: Files;
  /** How long a disk may take to answer before the search goes on without it; 10 s by default. */
  readonly answerTimeoutMs?: number;
  /** For tests: the folder that stands for `/` in the system's own places. */
  readonly fileSystemRoot?: string;
}

/** How long after a change on the disk the list is looked at again; further changes meanwhile are one. */
const settleTimeMs = 300;

/** The shortest time from one search to the next that a change on the disk starts, so that an installation is not searched all along. */
const restTimeMs = 1000;

/** How often the list is looked at again for changes that no watch tells of, as on a network disk. */
const recheckIntervalMs = 60_000;

/** The project folders that are remembered; the oldest goes first. */
const maxProjectFolders = 200;

/** Makes the catalog and begins its first search. The caller disposes it. */
export function createEnvironmentCatalog(options: EnvironmentCatalogOptions): EnvironmentCatalog {
  const catalog = new Catalog(options);
  catalog.start();
  return catalog;
}

class Catalog implements EnvironmentCatalog {
  private readonly owned = new DisposableStore();
  private readonly changes = this.owned.add(new Emitter<EnvironmentEvent>());
  private readonly ended = new AbortController();
  private readonly files: Files;
  private cache: InspectionCache;
  private person: Person;
  private readonly watches: FolderWatches;
  private known = new Map<string, Environment>();
  private sorted: readonly Environment[] | undefined;
  private searchFolders: readonly string[] = [];
  private readonly projectFolders = new Set<string>();
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private settling: NodeJS.Timeout | undefined;
  private lastSearchEndedAtMs = 0;
  private hasSearched = false;

  constructor(private readonly options: EnvironmentCatalogOptions) {
    this.files = options.files ?? systemFiles;
    this.cache = new InspectionCache(this.files, options.answerTimeoutMs);
    this.person = {
      uid: process.getuid?.(),
      homeFolder: options.homeFolder,
      variables: options.variables,
      userName: createUserNames(),
    };
    this.watches = this.owned.add(new FolderWatches(this.files, options.logger, () => this.searchSoon()));
  }

  readonly onDidChange = this.changes.event;

  get environments(): readonly Environment[] {
    this.sorted ??= [...this.known.values()].sort(compareEnvironments);
    return this.sorted;
  }

  get isComplete(): boolean {
    return this.hasSearched;
  }

  start(): void {
    this.request();
    if (!this.options.watch) return;
    const timer = setInterval(() => this.request(), recheckIntervalMs);
    timer.unref();
    this.owned.addRelease(() => clearInterval(timer));
  }

  get(id: string): Environment | undefined {
    return this.known.get(id);
  }

  refresh(signal: AbortSignal): Promise<void> {
    return abortable(this.searchAgain(), signal);
  }

  setSearchFolders(folders: readonly string[]): void {
    if (folders.join('\0') === this.searchFolders.join('\0')) return;
    this.searchFolders = [...folders];
    this.request();
  }

  addProjectFolder(folder: string): void {
    if (this.projectFolders.has(folder)) return;
    this.projectFolders.add(folder);
    const [oldest] = this.projectFolders;
    if (this.projectFolders.size > maxProjectFolders && oldest !== undefined)
      this.projectFolders.delete(oldest);
    this.request();
  }

  setLoginVariables(variables: Readonly<Record<string, string>>): void {
    const merged = { ...this.options.variables, ...variables };
    if (isDeepStrictEqual(merged, this.person.variables)) return;
    this.person = { ...this.person, variables: merged };
    // What is kept was concluded with the other variables.
    this.cache = new InspectionCache(this.files, this.options.answerTimeoutMs);
    this.request();
  }

  dispose(): void {
    this.ended.abort(new DOMException('the catalog of environments has ended', 'AbortError'));
    clearTimeout(this.settling);
    this.owned.dispose();
  }

  /** Searches in the background. */
  private request(): void {
    this.searchAgain().catch((error: unknown) => {
      if (!isAbortError(error)) this.options.logger.error('the search for environments failed', error);
    });
  }

  private searchSoon(): void {
    if (this.settling !== undefined || this.ended.signal.aborted) return;
    const restMs = this.lastSearchEndedAtMs + restTimeMs - Date.now();
    this.settling = setTimeout(
      () => {
        this.settling = undefined;
        this.request();
      },
      Math.max(settleTimeMs, restMs),
    );
    this.settling.unref();
  }

  /** A search that begins after this call: the one that runs may already be past what the caller wants to know. */
  private searchAgain(): Promise<void> {
    if (this.running === undefined) {
      this.running = this.pass().finally(() => {
        this.running = undefined;
      });
      return this.running;
    }
    const begin = () => {
      this.next = undefined;
      return this.searchAgain();
    };
    this.next ??= this.running.then(begin, begin);
    return this.next;
  }

  private async pass(): Promise<void> {
    const { signal } = this.ended;
    signal.throwIfAborted();
    const { environments, watched } = await search(this.places(), {
      cache: this.cache,
      person: this.person,
      logger: this.options.logger,
      signal,
      // Later searches are compared as a whole, so that nothing flickers.
      onFound: (environment) => {
        if (!this.hasSearched) this.put(environment);
      },
    });
    signal.throwIfAborted();
    this.take(environments);
    this.lastSearchEndedAtMs = Date.now();
    // What changed before a folder was watched was not seen, hence one more look.
    if (this.options.watch && (await this.watches.update(watched))) this.searchSoon();
  }

  private places(): Place[] {
    const { homeFolder, fileSystemRoot } = this.options;
    const { variables } = this.person;
    return [
      ...[...this.projectFolders].map((path): Place => ({ look: 'project', path })),
      ...usualPlaces(homeFolder, variables, fileSystemRoot),
      ...searchPlaces(this.searchFolders, homeFolder),
    ];
  }

  private put(environment: Environment): void {
    const before = this.known.get(environment.id);
    if (before !== undefined && areSameEnvironment(before, environment)) return;
    this.known.set(environment.id, environment);
    this.sorted = undefined;
    this.changes.fire({ event: 'environment', environment });
  }

  private take(environments: readonly Environment[]): void {
    const found = new Set(environments.map((environment) => environment.id));
    for (const environment of environments) this.put(environment);
    for (const id of [...this.known.keys()]) {
      if (found.has(id)) continue;
      this.known.delete(id);
      this.sorted = undefined;
      this.changes.fire({ event: 'removed', id });
    }
    if (this.hasSearched) return;
    this.hasSearched = true;
    this.changes.fire({ event: 'complete', total: environments.length });
  }
}
