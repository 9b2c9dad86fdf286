import { isAbsolute } from 'node:path';
import { WireError } from '../../../protocol/errors';
import type { KeeperSession } from '../../../protocol/keeper';
import type { Kernel } from '../kernels/kernel';
import { folderForApiPath, isFolder } from '../kernels/working-directory';
import { launchKernel, type AgentServices } from '../services';
import { awaitSearch, readSearchPath } from './kernelspec-routes';
import { resolveKernelspec } from './kernelspecs';

/** What a Jupyter client says about the kernel that it wants. */
export interface NamedStart {
  /** Of a kernelspec; the default without one. */
  readonly name: string | null | undefined;
  /** Of a folder or notebook, relative to the home folder. */
  readonly path?: string | null | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  readonly session?: KeeperSession;
}

/** Starts the kernel that a Jupyter client asks for by a kernelspec's name. Throws {@link WireError} `kernelspec-not-found`. */
export async function startNamed(
  services: AgentServices,
  start: NamedStart,
  signal: AbortSignal,
): Promise<Kernel> {
  await awaitSearch(services, signal);
  const found = resolveKernelspec(services.catalog.environments, start.name, readSearchPath());
  if (found === undefined)
    throw new WireError('kernelspec-not-found', `No such kernel named ${start.name ?? 'python3'}`);
  const variables = allowVariables(start.variables ?? {}, services.configuration.clientVariables);
  return launchKernel(services, {
    environment: found.environment,
    kernelspecName: found.name,
    workingDirectory: await chooseFolder(variables, start.path ?? undefined, services.homeFolder),
    variables,
    ...(start.session === undefined ? {} : { session: start.session }),
  });
}

/**
 * Of the variables that a client sends with a kernel, those that are meant for kernels: `KERNEL_…`, as gateway clients send them, and what the
 * configuration names. A client that passes its whole environment on would otherwise replace PATH and HOME of this host by its own.
 */
export function allowVariables(
  variables: Readonly<Record<string, string>>,
  configured: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => name.startsWith('KERNEL_') || configured.includes(name)),
  );
}

/** A gateway client names its own working directory; it counts where the same folder exists here. */
async function chooseFolder(
  variables: Readonly<Record<string, string>>,
  path: string | undefined,
  homeFolder: string,
): Promise<string> {
  const wanted = variables.KERNEL_WORKING_DIR;
  if (wanted !== undefined && isAbsolute(wanted) && (await isFolder(wanted))) return wanted;
  return folderForApiPath(path, homeFolder);
}
