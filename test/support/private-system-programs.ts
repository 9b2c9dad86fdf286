import { chmod, copyFile, cp, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleFolder, daemonBundle } from './daemon-bundle';

/** Where the tests put programs; the folder is on a mount of the private system. */
const folder = '/opt/remote-kernels-under-test';

/**
 * A Node that every user may run, by its path in the private system whose root is at `root`: this one, or a copy where it lies in a folder that
 * others cannot enter or could change, as one in a person's home does.
 */
export async function placeNode(root: string): Promise<string> {
  if (await isForAll(process.execPath)) return process.execPath;
  const path = join(folder, 'bin', 'node');
  await makeFolder(join(root, folder));
  await makeFolder(dirname(join(root, path)));
  await copyFile(process.execPath, join(root, path));
  await chmod(join(root, path), 0o755);
  return path;
}

/** Copies the built daemon with its addons to where root may trust it, and gives its path in the private system. */
export async function placeProgram(root: string): Promise<string> {
  const target = join(folder, 'daemon.js');
  await makeFolder(join(root, folder));
  const parts = (await readdir(dirname(daemonBundle()))).filter((name) => /^daemon[a-z-]*\.js$/.test(name));
  for (const name of parts) {
    await copyFile(join(bundleFolder(), name), join(root, folder, name));
    await chmod(join(root, folder, name), 0o755);
  }
  await cp(join(bundleFolder(), 'addons'), join(root, folder, 'addons'), { recursive: true });
  return target;
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

async function isForAll(path: string): Promise<boolean> {
  const { mode, uid } = await stat(path);
  if (uid !== 0 || (mode & 0o005) !== 0o005 || (mode & 0o022) !== 0) return false;
  return path === '/' || isForAll(dirname(path));
}
