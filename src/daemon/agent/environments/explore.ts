import { basename, dirname, join } from 'node:path';
import { parseEnvironmentFolders, parseEnvironmentsFile } from './conda-configuration';
import { isFault, listNames, readText, type Files } from './files';
import type { Expectation, Person } from './inspection';
import { configurationFiles, projectEnvironmentNames, type Place } from './places';

/** What a look at a place gave. */
export interface Exploration {
  /** Folders that may be environments. */
  readonly prefixes: readonly { readonly path: string; readonly expectation: Expectation }[];
  /** Pythons that belong to no environment. */
  readonly programs: readonly string[];
  /** Folders of kernelspecs. */
  readonly kernelspecFolders: readonly string[];
  /** Where to look next. */
  readonly places: readonly Place[];
  /** What to watch for changes: a path that is not there is watched from the nearest folder above it. */
  readonly watched: readonly WatchedPath[];
}

/** A path whose change may change the list; with `names`, only a change of those names in it. */
export interface WatchedPath {
  readonly path: string;
  readonly names?: RegExp;
}

/** Names in a project that make a difference. */
const projectNames = /^(?:\.?v?env|\.conda|\.virtualenv|\.pixi|envs)$/;

/** Names of Pythons in a folder of programs, best first: the general name stands for the program that it leads to. */
const pythonName = /^(?:python3?|python3\.\d+t?|pypy3?|pypy3\.\d+)$/;
const toolName = /^(?:conda|mamba|micromamba)$/;

/** Folders that are never worth a look in a search of a tree. */
const barren = /^(?:node_modules|__pycache__|site-packages|\..*)$/;
const hiddenButFruitful = new Set(['.venv', '.virtualenvs', '.venvs', '.conda']);

/** The most folders of a tree that are looked at, so that a search of a whole disk ends. */
const maxTreeFolders = 20_000;

const nothing: Exploration = { prefixes: [], programs: [], kernelspecFolders: [], places: [], watched: [] };

/** Looks at one place. Never throws for what a disk may hold. */
export async function explore(files: Files, place: Place, person: Person): Promise<Exploration> {
  const { path } = place;
  switch (place.look) {
    case 'prefix':
      return { ...nothing, prefixes: [{ path, expectation: place.expectation }] };
    case 'children':
      return exploreChildren(files, path, place.expectation);
    case 'root':
      return exploreRoot(files, path);
    case 'configuration':
      return exploreConfiguration(files, path, person);
    case 'prefix-list': {
      const text = await readText(files, path, 1024 * 1024);
      const prefixes = parseEnvironmentsFile(text ?? '');
      return {
        ...nothing,
        prefixes: prefixes.map((prefix) => ({ path: prefix, expectation: 'conda' })),
        watched: [{ path: dirname(path), names: /^(?:environments\.txt|envs|\.?condarc(?:\.d)?)$/ }],
      };
    }
    case 'project':
      return exploreProject(files, path);
    case 'projects': {
      const entries = await files.list(path);
      const folders = isFault(entries) ? [] : entries.filter((entry) => entry.type === 'folder');
      const places = folders.filter(({ name }) => !name.startsWith('.')).map(({ name }) => join(path, name));
      return { ...nothing, places: places.map((folder) => ({ look: 'project', path: folder })) };
    }
    case 'programs':
      return explorePrograms(files, path, person);
    case 'kernelspecs':
      return { ...nothing, kernelspecFolders: [path], watched: [{ path }] };
    case 'tree':
      return exploreTree(files, path, place.depth);
  }
}

async function exploreChildren(files: Files, path: string, expectation: Expectation): Promise<Exploration> {
  const entries = await files.list(path);
  const children = isFault(entries) ? [] : entries;
  return {
    ...nothing,
    prefixes: children
      .filter(({ name, type }) => (type === 'folder' || type === 'link') && !name.startsWith('.'))
      .map(({ name }) => ({ path: join(path, name), expectation })),
    watched: [{ path }],
  };
}

async function exploreRoot(files: Files, path: string): Promise<Exploration> {
  const names = await listNames(files, path);
  if (names.length === 0) {
    const facts = await files.stat(path);
    const isClosed = !isFault(facts) && facts.type === 'folder' && isFault(await files.list(path));
    const prefixes = isClosed ? [{ path, expectation: 'conda' as const }] : [];
    return { ...nothing, prefixes, watched: [{ path, names: /^(?:conda-meta|envs)$/ }] };
  }
  return {
    ...nothing,
    prefixes: [{ path, expectation: 'perhaps' }],
    places: [
      { look: 'children', path: join(path, 'envs'), expectation: 'conda' },
      ...configurationFiles(path).map((file): Place => ({ look: 'configuration', path: file })),
    ],
    watched: [{ path, names: /^(?:conda-meta|envs|\.?condarc|\.mambarc|condarc\.d)$/ }],
  };
}

async function exploreConfiguration(files: Files, path: string, person: Person): Promise<Exploration> {
  const watched = [{ path: dirname(path), names: exactly(basename(path)) }];
  if (path.endsWith('.d')) {
    const names = await listNames(files, path);
    const parts = names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(path, name));
    return { ...nothing, watched, places: parts.map((part) => ({ look: 'configuration', path: part })) };
  }
  const text = await readText(files, path, 1024 * 1024);
  const folders = parseEnvironmentFolders(text ?? '', person.homeFolder, person.variables);
  return {
    ...nothing,
    watched,
    places: folders.map((folder) => ({ look: 'children', path: folder, expectation: 'conda' })),
  };
}

async function exploreProject(files: Files, path: string): Promise<Exploration> {
  const names = new Set(await listNames(files, path));
  const present = projectEnvironmentNames.filter((name) => names.has(name));
  return {
    ...nothing,
    prefixes: present.map((name) => ({
      path: join(path, name),
      expectation: name === '.venv' ? 'virtual' : 'perhaps',
    })),
    places: names.has('.pixi')
      ? [{ look: 'children', path: join(path, '.pixi', 'envs'), expectation: 'pixi' }]
      : [],
    watched: [{ path, names: projectNames }],
  };
}

async function explorePrograms(files: Files, path: string, person: Person): Promise<Exploration> {
  const names = (await listNames(files, path)).filter((name) => pythonName.test(name) || toolName.test(name));
  const watched = [{ path, names: /^(?:python|pypy)[\d.]*t?$|^(?:conda|mamba|micromamba)$/ }];
  if (names.length === 0 || basename(path) === 'shims') return { ...nothing, watched };
  if (await isPrefix(files, dirname(path), person)) {
    const prefixes = [{ path: dirname(path), expectation: 'perhaps' as const }];
    return { ...nothing, prefixes, places: [{ look: 'root', path: dirname(path) }], watched };
  }
  const prefixes: { path: string; expectation: Expectation }[] = [];
  const places: Place[] = [];
  const programs = new Map<string, string>();
  for (const name of names.sort(byGenerality)) {
    const program = join(path, name);
    const real = await files.realpath(program);
    if (isFault(real)) continue;
    const prefix = dirname(dirname(real));
    if (toolName.test(name)) places.push({ look: 'root', path: prefix });
    else if (await isPrefix(files, prefix, person)) {
      prefixes.push({ path: prefix, expectation: isPyenv(prefix, person) ? 'pyenv' : 'perhaps' });
    } else if (/^(?:python|pypy)3?(?:\.\d+t?)?$/.test(basename(real)) && !programs.has(real)) {
      programs.set(real, program);
    }
  }
  return { ...nothing, prefixes, places, programs: [...programs.values()], watched };
}

/** Whether a Python there belongs to an environment, which is then listed instead of the program. */
async function isPrefix(files: Files, prefix: string, person: Person): Promise<boolean> {
  if (isPyenv(prefix, person)) return true;
  const marks = await Promise.all(['conda-meta', 'pyvenv.cfg'].map((name) => files.stat(join(prefix, name))));
  return marks.some((mark) => !isFault(mark));
}

function isPyenv(prefix: string, person: Person): boolean {
  const root = person.variables['PYENV_ROOT'] ?? join(person.homeFolder, '.pyenv');
  return dirname(prefix) === join(root, 'versions') || /\/\.pyenv\/versions\/[^/]+$/.test(prefix);
}

/** Width first, so that the bound on folders leaves out the deepest. Environments are not searched inside, links are not followed. */
async function exploreTree(files: Files, root: string, depth: number): Promise<Exploration> {
  const prefixes: { path: string; expectation: Expectation }[] = [];
  const places: Place[] = [];
  const watched: WatchedPath[] = [];
  let level = [root];
  let looked = 0;
  for (let remaining = depth; remaining >= 0 && level.length > 0; remaining -= 1) {
    const next: string[] = [];
    for (const folder of level) {
      looked += 1;
      if (looked > maxTreeFolders) return { ...nothing, prefixes, places, watched };
      const entries = await files.list(folder);
      if (isFault(entries)) continue;
      const names = new Set(entries.map((entry) => entry.name));
      if (names.has('pyvenv.cfg') || names.has('conda-meta')) {
        prefixes.push({ path: folder, expectation: 'perhaps' });
        if (names.has('envs')) places.push({ look: 'root', path: folder });
        continue;
      }
      watched.push({ path: folder });
      if (names.has('.pixi')) {
        places.push({ look: 'children', path: join(folder, '.pixi', 'envs'), expectation: 'pixi' });
      }
      for (const { name, type } of entries) {
        if (type === 'folder' && (!barren.test(name) || hiddenButFruitful.has(name)))
          next.push(join(folder, name));
      }
    }
    level = next;
  }
  return { ...nothing, prefixes, places, watched };
}

function byGenerality(left: string, right: string): number {
  const rank = (name: string) => ['python3', 'python', 'pypy3', 'pypy'].indexOf(name) + 1 || 9;
  return rank(left) - rank(right) || (left < right ? -1 : 1);
}

function exactly(name: string): RegExp {
  return new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
