import { join } from 'node:path';
import { listNames, type Files } from './files';
import type { Person } from './inspection';

/** Versions of the packages that make an environment able to run kernels, and whether pip is there to install them. */
export interface KernelPackages {
  readonly ipykernel?: string;
  readonly spyderKernels?: string;
  readonly hasPip: boolean;
}

/** Looks for kernel packages in folders of Python packages; the first folder that has one decides, as on Python's own search path. */
export async function findPackages(files: Files, folders: readonly string[]): Promise<KernelPackages> {
  const lists = await Promise.all(folders.map((folder) => listNames(files, folder)));
  return {
    ...optional('ipykernel', firstOf(lists, 'ipykernel')),
    ...optional('spyderKernels', firstOf(lists, 'spyder-kernels')),
    hasPip: firstOf(lists, 'pip') !== undefined,
  };
}

/** The version of a package by the metadata folders in `site-packages`: `ipykernel-6.29.5.dist-info` or an older `.egg-info`. */
export function findInstalledPackage(names: readonly string[], packageName: string): string | undefined {
  for (const name of names) {
    const match = /^([A-Za-z0-9._-]+?)-(\d[^-]*)(?:-py[\d.]+)?\.(?:dist-info|egg-info)$/.exec(name);
    if (match?.[1]?.toLowerCase().replace(/[-_.]+/g, '-') === packageName) return match[2];
  }
  return undefined;
}

/** Where packages of a prefix are, for a library folder such as `python3.11`. Debian's own places are in the list: absent ones cost nothing. */
export function packageFolders(prefix: string, library: string, isSystem: boolean): string[] {
  const own = join(prefix, 'lib', library, 'site-packages');
  if (!isSystem) return [own];
  const local = join(prefix, 'local', 'lib', library, 'dist-packages');
  return [
    local,
    own,
    join(prefix, 'lib', library, 'dist-packages'),
    join(prefix, 'lib', 'python3', 'dist-packages'),
  ];
}

/** Where `pip install --user` puts packages, unless the user's variables turn it off. */
export function userPackageFolders(person: Person, library: string): string[] {
  if ((person.variables['PYTHONNOUSERSITE'] ?? '') !== '') return [];
  const base = person.variables['PYTHONUSERBASE'] ?? join(person.homeFolder, '.local');
  return [join(base, 'lib', library, 'site-packages')];
}

/** An object with that key, or without it when there is no value. */
export function optional<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  // TypeScript widens a computed key to `string`; the object has exactly this one.
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}

function firstOf(lists: readonly (readonly string[])[], packageName: string): string | undefined {
  for (const names of lists) {
    const version = findInstalledPackage(names, packageName);
    if (version !== undefined) return version;
  }
  return undefined;
}
