import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../../src/base/logger';
import type { Environment } from '../../../src/protocol/environments';
import {
  createEnvironmentCatalog,
  type EnvironmentCatalog,
} from '../../../src/daemon/agent/environments/catalog';
import type { Files } from '../../../src/daemon/agent/environments/files';

/** What is written at a path: a text, a link to somewhere, for the text `PROGRAM` an executable program, for `FOLDER` an empty folder. */
export type Leaf = string | { readonly linkTo: string };

/** Writes a tree of files below a folder. */
export async function writeTree(root: string, tree: Readonly<Record<string, Leaf>>): Promise<void> {
  for (const [path, leaf] of Object.entries(tree)) {
    const place = join(root, path);
    await mkdir(leaf === 'FOLDER' ? place : dirname(place), { recursive: true });
    if (leaf === 'FOLDER') continue;
    if (typeof leaf !== 'string') await symlink(leaf.linkTo, place);
    else if (leaf === 'PROGRAM') {
      await writeFile(place, '#!/bin/sh\nexit 0\n');
      await chmod(place, 0o755);
    } else await writeFile(place, leaf);
  }
}

/** The files of a conda environment at a path, with Python and perhaps packages. */
export function condaTree(
  path: string,
  options: { python?: string; packages?: Readonly<Record<string, string>>; command?: string } = {},
): Record<string, Leaf> {
  const { python = '3.11.7', packages = {}, command = '/opt/conda/bin/conda create -n x' } = options;
  const minor = python.split('.').slice(0, 2).join('.');
  const tree: Record<string, Leaf> = {
    [`${path}/conda-meta/history`]: `==> 2026-01-01 00:00:00 <==\n# cmd: ${command}\n`,
    [`${path}/conda-meta/python-${python}-h955ad1f_0.json`]: '{}',
    [`${path}/bin/python${minor}`]: 'PROGRAM',
    [`${path}/bin/python`]: { linkTo: `python${minor}` },
    [`${path}/lib/python${minor}/site-packages/README.txt`]: '',
  };
  for (const [name, version] of Object.entries(packages)) {
    tree[`${path}/conda-meta/${name}-${version}-pyhd8ed1ab_0.json`] = '{}';
  }
  return tree;
}

/** The files of a virtual environment, whose Python is a program in the tree's `usr/bin`. */
export function virtualTree(
  path: string,
  configuration: string,
  packages: readonly string[] = [],
): Record<string, Leaf> {
  const tree: Record<string, Leaf> = {
    [`${path}/pyvenv.cfg`]: configuration,
    [`${path}/bin/python`]: 'PROGRAM',
    [`${path}/lib/python3.11/site-packages/README.txt`]: '',
  };
  for (const name of packages) tree[`${path}/lib/python3.11/site-packages/${name}/METADATA`] = '';
  return tree;
}

/** The catalog over a tree: its `home` is the home folder, and the tree itself stands for the whole file system. */
export async function catalogOf(
  t: Pick<TestContext, 'after'>,
  root: string,
  options: { variables?: NodeJS.ProcessEnv; files?: Files; watch?: boolean } = {},
): Promise<EnvironmentCatalog> {
  const catalog = createEnvironmentCatalog({
    homeFolder: join(root, 'home'),
    variables: options.variables ?? {},
    logger: silentLogger,
    watch: options.watch ?? false,
    fileSystemRoot: root,
    ...(options.files === undefined ? {} : { files: options.files }),
  });
  t.after(() => catalog.dispose());
  await catalog.refresh(AbortSignal.timeout(20_000));
  return catalog;
}

/** The environment of that name; fails the test with what there is when it is missing. */
export function named(catalog: EnvironmentCatalog, wanted: string): Environment {
  const found = catalog.environments.filter((environment) => environment.name === wanted);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const names = catalog.environments.map((environment) => JSON.stringify(environment.name)).join(', ');
    throw new Error(`${found.length} environments are named ${wanted}; there are ${names}`);
  }
  return only;
}
