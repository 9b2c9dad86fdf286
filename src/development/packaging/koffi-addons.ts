import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { expectParsed, parseJson, parserOf } from '../../base/parse';
import { cachedFolder } from '../cached-folder';
import { repository } from '../repository';
import { runCommand } from '../run-command';
import addons from './addons.json';

const parseLock = parserOf(
  'package-lock.json',
  v.object({
    packages: v.record(
      v.string(),
      v.object({ version: v.exactOptional(v.string()), integrity: v.exactOptional(v.string()) }),
    ),
  }),
);

const parsePacked = parserOf('npm pack', v.tuple([v.object({ filename: v.string() })]));
const downloadTimeoutMs = 120_000;

/** A package as `package-lock.json` pins it. */
interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** `sha512-…` of its tarball. */
  readonly integrity: string;
}

/**
 * Puts the addon of `koffi` for every platform that has one into `<folder>/<platform>/koffi.node`. npm installs the one of this machine only; the
 * others are fetched once, in the version of `package-lock.json`, and compared with the digest there. Rejects when one cannot be had or differs.
 */
export async function copyKoffiAddons(folder: string): Promise<void> {
  const signal = AbortSignal.timeout(2 * downloadTimeoutMs);
  for (const [platform, { koffi }] of Object.entries<AddonsOfPlatform>(addons)) {
    if (koffi === undefined) continue;
    const unpacked = await unpackPinned(await readPin(koffi.package), signal);
    await mkdir(join(folder, platform), { recursive: true });
    const target = join(folder, platform, 'koffi.node');
    await copyFile(join(unpacked, koffi.file), target);
    await chmod(target, 0o644);
  }
}

/** One entry of `addons.json`. */
interface AddonsOfPlatform {
  readonly zeromq: string;
  readonly koffi?: { readonly package: string; readonly file: string };
}

async function readPin(name: string): Promise<PinnedPackage> {
  const text = await readFile(join(repository, 'package-lock.json'), 'utf8');
  const { version, integrity } =
    expectParsed(parseJson(text, parseLock)).packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined)
    throw new Error(`package-lock.json does not pin ${name}; run: npm install`);
  return { name, version, integrity };
}

/** The folder of the unpacked package. Its name in the cache holds the digest, so that another content is never taken for it. */
function unpackPinned(pinned: PinnedPackage, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256').update(pinned.integrity).digest('hex').slice(0, 16);
  const name = `${pinned.name.replace(/^.*\//, '')}-${pinned.version}-${digest}`;
  return cachedFolder({ name, build: (folder) => download(pinned, folder, signal) }, signal);
}

async function download(
  { name, version, integrity }: PinnedPackage,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const staging = await mkdtemp(join(tmpdir(), 'remote-kernels-addon-'));
  try {
    const words = ['pack', '--json', '--ignore-scripts', '--prefer-offline', `${name}@${version}`];
    const { output } = await runCommand('npm', words, {
      folder: staging,
      timeoutMs: downloadTimeoutMs,
      signal,
    });
    const [{ filename }] = expectParsed(parseJson(output, parsePacked));
    const tarball = join(staging, filename);
    checkIntegrity(await readFile(tarball), integrity, `${name}@${version}`);
    await runCommand('tar', ['-xzf', tarball, '--strip-components=1', '--no-same-owner', '-C', folder], {
      timeoutMs: downloadTimeoutMs,
      signal,
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Throws unless the content has that digest, written as in `package-lock.json` (Subresource Integrity, `sha512-<base64>`). */
export function checkIntegrity(content: Uint8Array, integrity: string, name: string): void {
  const found = `sha512-${createHash('sha512').update(content).digest('base64')}`;
  if (found !== integrity)
    throw new Error(`${name}: what was downloaded is not what package-lock.json pins (${found})`);
}
