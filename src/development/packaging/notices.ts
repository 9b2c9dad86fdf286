import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { expectParsed, parseJson, parserOf } from '../../base/parse';
import { repository } from '../repository';
import { licenceTexts } from './licence-texts';

/** The name of the file in both packages. */
export const noticesFile = 'THIRD-PARTY-NOTICES.txt';

const parseMap = parserOf('source map', v.object({ sources: v.array(v.string()) }));

const parseManifest = parserOf(
  'package.json',
  v.object({
    name: v.string(),
    version: v.string(),
    license: v.string(),
    author: v.exactOptional(v.union([v.string(), v.object({ name: v.string() })])),
    homepage: v.exactOptional(v.string()),
  }),
);

/** What is in the addons, of which no source map tells: the folders below `node_modules/` with their licences. */
const packagesOfAddons = ['zeromq', 'koffi'];

/** What the addon of `zeromq` has linked in and its package has no licence of. */
const linkedLibraries = [
  {
    name: 'libsodium (in the addons of zeromq)',
    licence: 'ISC',
    copyright: 'Copyright (c) 2013-2026 Frank Denis <j at pureftpd dot org>',
    home: 'https://libsodium.org',
  },
  {
    name: 'node-addon-api (in the addons of zeromq and koffi)',
    licence: 'MIT',
    copyright: 'Copyright (c) 2017 Node.js API collaborators',
    home: 'https://github.com/nodejs/node-addon-api',
  },
] as const;

/**
 * The licences of all that is in these bundles and their addons, as a text. Which packages that are is read from the source maps beside the
 * bundles. Rejects when a package names a licence and neither it nor `licence-texts.ts` has its words.
 */
export async function formatNotices(bundles: readonly string[]): Promise<string> {
  const folders = new Set(packagesOfAddons);
  for (const bundle of bundles) {
    const map = expectParsed(parseJson(await readFile(`${bundle}.map`, 'utf8'), parseMap));
    for (const source of map.sources) {
      const folder = packageOfSource(source);
      if (folder !== undefined) folders.add(folder);
    }
  }
  const parts = await Promise.all([...folders].sort().map(describePackage));
  const libraries = linkedLibraries.map(({ name, licence, copyright, home }) =>
    formatPart(name, licence, home, `${copyright}\n\n${licenceTexts[licence] ?? ''}`),
  );
  return [
    'Remote Kernels contains the following software of others, each under its own licence.\n',
    ...parts,
    ...libraries,
  ].join('\n');
}

/** The folder below `node_modules/` to which a source of a bundle belongs, or `undefined` for one of ours. */
export function packageOfSource(source: string): string | undefined {
  return /node_modules\/((?:.*node_modules\/)?(?:@[^/]+\/)?[^/@][^/]*)\//.exec(source)?.[1];
}

async function describePackage(name: string): Promise<string> {
  const folder = join(repository, 'node_modules', name);
  const text = await readFile(join(folder, 'package.json'), 'utf8');
  const manifest = expectParsed(parseJson(text, parseManifest));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const words = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const { author, license, homepage } = manifest;
  if (words.length === 0) {
    const known = licenceTexts[license];
    if (known === undefined)
      throw new Error(`${name} has no text of its licence (${license}); add one to licence-texts.ts`);
    const holder = typeof author === 'string' ? author : author?.name;
    words.push(`Copyright (c) ${holder ?? `the authors of ${manifest.name}`} and contributors\n\n${known}`);
  }
  return formatPart(`${manifest.name} ${manifest.version}`, license, homepage, words.join('\n\n'));
}

function formatPart(name: string, licence: string, home: string | undefined, words: string): string {
  const line = '-'.repeat(78);
  const title = [`${name} (${licence})`, ...(home === undefined ? [] : [home])].join('\n');
  return `${line}\n${title}\n${line}\n\n${words.replaceAll('\r\n', '\n').trim()}\n`;
}
