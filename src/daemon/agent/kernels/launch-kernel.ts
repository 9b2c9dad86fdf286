import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { nextEvent } from '../../../base/event';
import type { Logger } from '../../../base/logger';
import { withDeadline } from '../../../base/time';
import type { EnvironmentRule } from '../../../protocol/agent';
import { environmentKernelspecName, type Environment } from '../../../protocol/environments';
import { WireError } from '../../../protocol/errors';
import type { KeeperOrder, KeeperSession, KeeperSettings } from '../../../protocol/keeper';
import type { Launcher } from '../../../protocol/kernels';
import { ensurePrivateFolder } from '../../platform/private-files';
import type { EnvironmentCatalog } from '../environments/catalog';
import { planLaunch } from '../environments/launch';
import { kernelsFolder } from './records';

/** What a kernel is started for. */
export interface KernelLaunch {
  readonly environment: Environment;
  readonly launcher?: Launcher;
  /** The name by which a Jupyter client asked; default: the environment's own. */
  readonly kernelspecName?: string;
  /** Absolute; exists. */
  readonly workingDirectory: string;
  readonly session?: KeeperSession;
  /** Win over what the login shell and the environment set. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** What the orders of all kernels of this agent have in common. */
export interface LaunchContext {
  readonly stateFolder: string;
  readonly socketFolder: string;
  readonly startTimeoutMs: number;
  /** The variables that the user's login shell exports; read once and shared. */
  readonly loginVariables: () => Promise<Record<string, string>>;
  /** What the user's preferences say for every kernel. */
  readonly settings: () => KeeperSettings;
  /** What the administrator lets the user do with environments, if anybody has said. */
  readonly environmentRule: () => EnvironmentRule | undefined;
  readonly logger: Logger;
}

/** How long a start waits for an environment that the search may not have come to yet. */
const searchTimeoutMs = 15_000;

/** How long working out the variables of an environment may take: activation scripts of conda run for it. */
const planTimeoutMs = 30_000;

/** Writes the order for a keeper. Rejects with the {@link WireError} that says why this environment cannot run it. */
export async function orderKernel(launch: KernelLaunch, context: LaunchContext): Promise<KeeperOrder> {
  const { environment } = launch;
  const plan = await planLaunch(environment, {
    ...(launch.launcher === undefined ? {} : { launcher: launch.launcher }),
    ...(launch.variables === undefined ? {} : { variables: { ...launch.variables } }),
    loginVariables: await context.loginVariables(),
    isInstallable: context.environmentRule() !== 'list',
    signal: withDeadline(planTimeoutMs, `activating ${environment.name}`),
    logger: context.logger,
  });
  // ipykernel ends itself when the process of this number is not its parent, which it is not in any kernel of ours.
  const variables = { ...plan.variables, ...sessionVariables(launch) };
  delete variables['JPY_PARENT_PID'];
  const kernelId = randomUUID();
  await ensurePrivateFolder(kernelsFolder(context.stateFolder));
  return {
    kernelId,
    argv: plan.argv,
    variables,
    workingDirectory: launch.workingDirectory,
    transport: plan.transport,
    interruptMode: plan.interruptMode,
    environmentId: environment.id,
    environmentName: environment.kernelspec?.displayName ?? environment.name,
    kernelspecName: launch.kernelspecName ?? ownKernelspecName(environment),
    launcher: plan.launcher,
    language: plan.language,
    stateFolder: join(kernelsFolder(context.stateFolder), kernelId),
    socketFolder: context.socketFolder,
    startTimeoutMs: context.startTimeoutMs,
    settings: { ...context.settings(), session: launch.session ?? null },
  };
}

/** The name under which an environment stands in `/api/kernelspecs`. */
export function ownKernelspecName(environment: Environment): string {
  return environment.kernelspec?.name ?? environmentKernelspecName(environment.id);
}

/** The environment with that id, also when the search is still under way. Throws {@link WireError} `environment-not-found`. */
export async function awaitEnvironment(
  catalog: EnvironmentCatalog,
  id: string,
  signal: AbortSignal,
): Promise<Environment> {
  const deadline = withDeadline(searchTimeoutMs, 'the search for environments', signal);
  for (;;) {
    const environment = catalog.get(id);
    if (environment !== undefined) return environment;
    if (catalog.isComplete)
      throw new WireError('environment-not-found', `there is no environment ${id} on this host`);
    await nextEvent(catalog.onDidChange, deadline);
  }
}

/** What kernels of `jupyter_server` are told about their notebook. */
function sessionVariables(launch: KernelLaunch): Record<string, string> {
  if (launch.session === undefined) return {};
  const name = launch.session.name === '' ? basename(launch.session.path) : launch.session.name;
  return { JPY_SESSION_NAME: join(launch.workingDirectory, name) };
}
