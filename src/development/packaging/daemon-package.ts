import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { expectParsed, parseJson, parserOf } from '../../base/parse';
import { daemonBundles, distFolder, repository } from '../repository';
import { runCommand } from '../run-command';
import { copyKoffiAddons } from './koffi-addons';
import { formatNotices, noticesFile } from './notices';

const parseManifest = parserOf(
  'package.json',
  v.object({
    name: v.string(),
    version: v.string(),
    description: v.string(),
    license: v.string(),
    keywords: v.array(v.string()),
    engines: v.object({ node: v.string() }),
  }),
);

const parsePacked = parserOf('npm pack', v.tuple([v.object({ filename: v.string() })]));

/**
 * Packs the daemon as an npm tarball into that file. Its own manifest names no dependencies, since the bundle holds everything: installing it
 * asks no registry and runs no script.
 */
export async function packDaemon(path: string): Promise<void> {
  const staging = await mkdtemp(join(tmpdir(), 'remote-kernels-daemon-'));
  try {
    for (const part of ['README.md', 'SECURITY.md', 'LICENSE', 'docs', 'schemas', '.npmignore'])
      await cp(join(repository, part), join(staging, part), { recursive: true });
    for (const part of [...daemonBundles, 'addons']) {
      await cp(join(distFolder(), part), join(staging, 'dist', part), { recursive: true });
    }
    await copyKoffiAddons(join(staging, 'dist', 'addons'));
    const bundles = daemonBundles.map((name) => join(distFolder(), name));
    await writeFile(join(staging, noticesFile), await formatNotices(bundles));
    await writeFile(join(staging, 'package.json'), JSON.stringify(await makeManifest(), null, 2));
    const { output } = await runCommand('npm', ['pack', '--json', '--ignore-scripts', '--offline'], {
      folder: staging,
      timeoutMs: 60_000,
    });
    const [packed] = expectParsed(parseJson(output, parsePacked));
    await mkdir(join(path, '..'), { recursive: true });
    await rm(path, { force: true });
    await cp(join(staging, packed.filename), `${path}.part`);
    await rename(`${path}.part`, path);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function makeManifest(): Promise<Record<string, unknown>> {
  const text = await readFile(join(repository, 'package.json'), 'utf8');
  const { engines, ...manifest } = expectParsed(parseJson(text, parseManifest));
  return {
    ...manifest,
    engines: { node: engines.node },
    bin: { 'remote-kernels': 'dist/daemon.js' },
  };
}
