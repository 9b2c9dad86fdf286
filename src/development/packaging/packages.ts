import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifacts, repository } from '../repository';
import { packDaemon } from './daemon-package';
import { packExtension } from './extension-package';

/** Where the two packages of this version lie. */
export interface Packages {
  readonly extension: string;
  readonly daemon: string;
}

/** Packs both from the bundles that are built, into `artifacts/packages/` or the folder given. */
export async function makePackages(folder = join(artifacts, 'packages')): Promise<Packages> {
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    version: string;
  };
  const packages = {
    extension: join(folder, `remote-kernels-${version}.vsix`),
    daemon: join(folder, `remote-kernels-${version}.tgz`),
  };
  await packExtension(packages.extension);
  await packDaemon(packages.daemon);
  return packages;
}
