import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathExists } from '../paths';
import { daemonBundles, distFolder, repository } from '../repository';
import { runCommand } from '../run-command';
import { copyKoffiAddons } from './koffi-addons';
import { formatNotices, noticesFile } from './notices';

/** What the `.vsix` is made of besides the bundles; what is not there is left out, and `.vscodeignore` has the last word. */
const parts = [
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'SECURITY.md',
  'docs',
  'package.nls.json',
  'l10n',
  'media',
  'schemas',
  '.vscodeignore',
];

/**
 * Packs the extension with the daemon inside into that file. It is put together in a folder of its own, whose manifest names no packages (the
 * bundles hold them) and no scripts, so that nothing is run or looked up on the network.
 */
export async function packExtension(path: string): Promise<void> {
  const staging = await mkdtemp(join(tmpdir(), 'remote-kernels-vsix-'));
  try {
    for (const part of parts) {
      const from = join(repository, part);
      if (await pathExists(from)) await cp(from, join(staging, part), { recursive: true });
    }
    await cp(distFolder(), join(staging, 'dist'), { recursive: true });
    await copyKoffiAddons(join(staging, 'dist', 'addons'));
    const bundles = ['extension.js', ...daemonBundles].map((name) => join(distFolder(), name));
    await writeFile(join(staging, noticesFile), await formatNotices(bundles));
    await writeFile(join(staging, 'package.json'), JSON.stringify(await readExtensionManifest(), null, 2));
    await mkdir(join(path, '..'), { recursive: true });
    await runCommand(process.execPath, [join(__dirname, 'pack-vsix.mjs'), staging, path], {
      timeoutMs: 120_000,
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The manifest without what is only of use in the repository. */
async function readExtensionManifest(): Promise<Record<string, unknown>> {
  const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  for (const key of ['scripts', 'dependencies', 'devDependencies', 'bin'])
    Reflect.deleteProperty(manifest, key);
  return manifest;
}
