import { dirname, join } from 'node:path';
import type { Environment } from '../../../protocol/environments';
import { isFault, readText, type Files } from './files';
import { findLibrary } from './find-python';
import { findPackages, packageFolders } from './find-packages';
import { quoteCommand } from './quote';
import type { Variables } from './variables';

/** A package that makes an environment able to run kernels. */
export type KernelPackage = 'ipykernel' | 'spyder-kernels';

/**
 * The command that installs a kernel package into an environment, to be pasted into a terminal of the host: with the tool that made the
 * environment, every word quoted. `undefined` where there is none: frozen environments, kernelspecs.
 */
export async function installCommand(
  files: Files,
  environment: Environment,
  packageName: KernelPackage,
  variables: Variables,
): Promise<string | undefined> {
  const { kind, prefix } = environment;
  if (environment.isFrozen === true) return undefined;
  const python = environment.python ?? join(prefix, 'bin', 'python');
  const tool = (name: string) => findTool(files, name, prefix, variables);
  switch (kind) {
    case 'conda':
    case 'mamba':
    case 'micromamba':
      return quoteCommand([await tool(kind), 'install', '-p', prefix, packageName]);
    case 'pixi':
      return quoteCommand(await pixiCommand(files, await tool('pixi'), prefix, packageName));
    case 'uv':
      return quoteCommand([await tool('uv'), 'pip', 'install', '--python', python, packageName]);
    case 'venv':
    case 'virtualenv':
    case 'pyenv':
      if (await hasPip(files, environment))
        return quoteCommand([python, '-m', 'pip', 'install', packageName]);
      return `${quoteCommand([python, '-m', 'ensurepip'])} && ${quoteCommand([python, '-m', 'pip', 'install', packageName])}`;
    case 'system':
      return systemCommand(files, environment, python, packageName);
    case 'kernelspec':
      return undefined;
  }
}

/** The tool by its name when the user's PATH has it, else by its path in the installation that the environment belongs to. */
async function findTool(files: Files, name: string, prefix: string, variables: Variables): Promise<string> {
  const folders = (variables['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  for (const folder of folders) if (await files.canExecute(join(folder, name))) return name;
  for (const root of [prefix, dirname(dirname(prefix))]) {
    for (const folder of ['bin', 'condabin']) {
      const program = join(root, folder, name);
      if (await files.canExecute(program)) return program;
    }
  }
  return name;
}

/** `conda-meta/pixi` tells which manifest an environment belongs to; environments below pixi's own folder are global. */
async function pixiCommand(
  files: Files,
  pixi: string,
  prefix: string,
  packageName: KernelPackage,
): Promise<string[]> {
  const record = readRecord(await readText(files, join(prefix, 'conda-meta', 'pixi'), 65_536));
  const own = prefix.slice(prefix.lastIndexOf('/') + 1);
  const project = dirname(dirname(dirname(prefix)));
  const manifest = record.manifest ?? (await findManifest(files, project));
  if (manifest === undefined) return [pixi, 'global', 'add', '--environment', own, packageName];
  const name = record.environment ?? own;
  const feature = name === 'default' ? [] : ['--feature', name];
  return [pixi, 'add', '--manifest-path', manifest, ...feature, packageName];
}

async function findManifest(files: Files, project: string): Promise<string | undefined> {
  const pixi = join(project, 'pixi.toml');
  if (!isFault(await files.stat(pixi))) return pixi;
  const python = join(project, 'pyproject.toml');
  return isFault(await files.stat(python)) ? undefined : python;
}

function readRecord(text: string | undefined): { manifest?: string; environment?: string } {
  let record: unknown;
  try {
    record = JSON.parse(text ?? '{}');
  } catch {
    // Older versions of pixi leave a file without content; the folders tell enough then.
    return {};
  }
  if (typeof record !== 'object' || record === null) return {};
  const manifest = 'manifest_path' in record ? record.manifest_path : undefined;
  const environment = 'environment_name' in record ? record.environment_name : undefined;
  return {
    ...(typeof manifest === 'string' ? { manifest } : {}),
    ...(typeof environment === 'string' ? { environment } : {}),
  };
}

async function hasPip(files: Files, environment: Environment): Promise<boolean> {
  const library = await findLibrary(files, environment.prefix);
  if (library === undefined) return true;
  const folders = packageFolders(environment.prefix, library, false);
  return (await findPackages(files, folders)).hasPip;
}

/** A Python that its distribution keeps for itself (PEP 668) is given packages by the distribution. */
async function systemCommand(
  files: Files,
  environment: Environment,
  python: string,
  packageName: KernelPackage,
): Promise<string> {
  const library = await findLibrary(files, environment.prefix);
  const managed = join(environment.prefix, 'lib', library ?? 'python3', 'EXTERNALLY-MANAGED');
  if (isFault(await files.stat(managed))) {
    const user = environment.isWritable ? [] : ['--user'];
    return quoteCommand([python, '-m', 'pip', 'install', ...user, packageName]);
  }
  const isDistribution = environment.prefix === '/usr';
  if (isDistribution && !isFault(await files.stat('/etc/debian_version'))) {
    return quoteCommand(['sudo', 'apt-get', 'install', `python3-${packageName}`]);
  }
  if (isDistribution && !isFault(await files.stat('/etc/redhat-release'))) {
    return quoteCommand(['sudo', 'dnf', 'install', `python3-${packageName}`]);
  }
  return quoteCommand([python, '-m', 'pip', 'install', '--user', '--break-system-packages', packageName]);
}
