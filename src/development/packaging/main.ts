import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { formatBytes } from '../../base/text';
import { buildBundles } from '../bundles';
import { Steps } from '../steps';
import { makePackages } from './packages';

/** The largest `.vsix` that we let pass: people install it over slow lines, and the daemon goes to hosts inside it. */
const maxExtensionBytes = 15_000_000;

const print = (text: string) => process.stdout.write(text);

async function main(): Promise<number> {
  const steps = new Steps(print);
  const signal = AbortSignal.timeout(10 * 60_000);
  const isBuilt = await steps.run('build', () => buildBundles(signal));
  const isOk =
    isBuilt &&
    (await steps.run('packages', async () => {
      const { extension, daemon } = await makePackages();
      for (const path of [extension, daemon]) {
        print(`  ${relative(process.cwd(), path)}  ${formatBytes((await stat(path)).size)}\n`);
      }
      const { size } = await stat(extension);
      if (size > maxExtensionBytes)
        throw new Error(
          `the .vsix has ${formatBytes(size)}, and ${formatBytes(maxExtensionBytes)} is the limit`,
        );
    }));
  return isOk ? 0 : 1;
}

void main().then((exitCode) => {
  process.exitCode = exitCode;
});
