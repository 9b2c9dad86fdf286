import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../base/errors';
import { pathExists } from './paths';
import { daemonBundles, distFolder, repository } from './repository';
import { runTool } from './run-command';

/** What goes into the bundles besides `src/`. */
const otherInputs = [
  'webpack.config.js',
  'src/development/packaging/addons.json',
  'package-lock.json',
  'tsconfig.json',
];

/**
 * Builds both bundles if anything that goes into them has changed since the last build into this folder. Resolves with whether it built; rejects
 * when webpack fails, whose messages are then in the terminal.
 */
export async function buildBundles(signal: AbortSignal): Promise<boolean> {
  const stamp = join(distFolder(), 'built-from.txt');
  const inputs = await digestInputs();
  if ((await readIfThere(stamp)) === inputs && (await hasBundles())) return false;
  await runTool('webpack-cli/bin/cli.js', ['--mode', 'production'], signal);
  await writeFile(stamp, inputs);
  return true;
}

async function digestInputs(): Promise<string> {
  const digest = createHash('sha256');
  const folder = join(repository, 'src');
  const sources = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(folder, 'development')))
    .sort();
  for (const path of [...sources, ...otherInputs.map((name) => join(repository, name))]) {
    digest.update(`${path.slice(repository.length)}\0`).update(await readFile(path));
  }
  return digest.digest('hex');
}

async function hasBundles(): Promise<boolean> {
  const paths = ['extension.js', ...daemonBundles, 'addons'].map((name) => join(distFolder(), name));
  return (await Promise.all(paths.map(pathExists))).every((isThere) => isThere);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
