import { randomUUID } from 'node:crypto';
import type { Logger } from '../../base/logger';
import type { Hello } from '../../protocol/agent';
import type { KeeperSession } from '../../protocol/keeper';
import type { UserConfiguration } from '../configuration/user-configuration';
import type { Doors } from './doors';
import type { EnvironmentCatalog } from './environments/catalog';
import type { Entrance } from './http/router';
import type { Kernel } from './kernels/kernel';
import { orderKernel, type KernelLaunch, type LaunchContext } from './kernels/launch-kernel';
import type { KernelRegistry } from './kernels/registry';
import type { PreferenceStore } from './preferences';
import type { FoundSession, SessionStore } from './sessions';

/** What the routes of the agent work with. */
export interface AgentServices {
  /** Settles when kernels, sessions and preferences of before were found; what depends on them waits for it. */
  readonly ready: Promise<void>;
  readonly startedAt: Date;
  readonly homeFolder: string;
  readonly configuration: UserConfiguration;
  readonly hello: (entrance: Entrance) => Hello;
  readonly catalog: EnvironmentCatalog;
  readonly kernels: KernelRegistry;
  readonly sessions: SessionStore;
  readonly preferences: PreferenceStore;
  readonly doors: Doors;
  readonly launchContext: LaunchContext;
  readonly logger: Logger;
}

/** Starts a kernel in an environment. Rejects with the `WireError` that says why not. */
export async function launchKernel(services: AgentServices, launch: KernelLaunch): Promise<Kernel> {
  services.kernels.checkLimit();
  const kernel = await services.kernels.start(await orderKernel(launch, services.launchContext));
  services.catalog.addProjectFolder(launch.workingDirectory);
  return kernel;
}

/**
 * The session of a document: the one that it has if its kernel lives, otherwise one with a kernel that is started for it. Two calls for the same
 * document at once give the same session.
 */
export function openSession(
  services: AgentServices,
  reference: Omit<KeeperSession, 'id'>,
  start: (session: KeeperSession) => Promise<Kernel>,
): Promise<FoundSession & { readonly isFresh: boolean }> {
  return services.sessions.alone(reference.path, async () => {
    const found = services.sessions.findLiving(reference.path);
    if (found !== undefined) return { ...found, isFresh: false };
    await services.sessions.clearDead(reference.path);
    const session = { id: randomUUID(), ...reference };
    return { session, kernel: await start(session), isFresh: true };
  });
}
