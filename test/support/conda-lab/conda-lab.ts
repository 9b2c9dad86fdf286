import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from '../../../src/development/cached-folder';
import { runCommand } from '../../../src/development/run-command';

/** A real conda with a channel of real packages on this machine, made from registry packages. */
export interface CondaLab {
  /** The root prefix. Tests create environments outside of it and change nothing in it. */
  readonly root: string;
  /** The program. */
  readonly conda: string;
  /** The `file://` address of its channel. */
  readonly channel: string;
}

/** Everything that decides what is in the laboratory is in this folder, so a change of it makes another one. */
const recipe = recipeHash(__dirname);

/** The laboratory, made the first time (half a minute) and kept in the cache of the person who runs the tests. */
export async function condaLab(): Promise<CondaLab> {
  const folder = await cachedFolder(
    {
      name: `conda-lab-24.7.1-${recipe}`,
      build: async (lab) => {
        await runCommand('/bin/sh', [join(__dirname, 'set-up.sh'), lab], { timeoutMs: 300_000 });
      },
    },
    AbortSignal.timeout(600_000),
  );
  const root = join(folder, 'conda');
  return { root, conda: join(root, 'bin', 'conda'), channel: `file://${join(folder, 'channel')}` };
}

/** Runs conda as a user with that home. Rejects with what it printed. */
export async function runConda(lab: CondaLab, home: string, words: readonly string[]): Promise<string> {
  const { output } = await runCommand(lab.conda, words, {
    timeoutMs: 120_000,
    environment: { HOME: home, PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
  });
  return output;
}

/** Creates an environment at a prefix with these packages. */
export async function createCondaEnvironment(
  lab: CondaLab,
  home: string,
  prefix: string,
  packages: readonly string[],
): Promise<void> {
  await runConda(lab, home, [
    'create',
    '-y',
    '-q',
    '-p',
    prefix,
    ...packages,
    '-c',
    lab.channel,
    '--override-channels',
  ]);
}

/** The versions that conda recorded in a prefix, by package. */
export async function recordedVersions(prefix: string): Promise<Map<string, string>> {
  const folder = join(prefix, 'conda-meta');
  const versions = new Map<string, string>();
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue;
    const record = JSON.parse(await readFile(join(folder, name), 'utf8')) as {
      name: string;
      version: string;
    };
    versions.set(record.name, record.version);
  }
  return versions;
}

function recipeHash(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    if (!/\.(?:py|sh)$/.test(name)) continue;
    hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 8);
}
