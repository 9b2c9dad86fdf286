import type { Logger } from '../../../base/logger';
import type { Environment } from '../../../protocol/environments';
import type { Launcher } from '../../../protocol/kernels';
import { activate } from './activation';
import { systemFiles } from './files';
import type { Person } from './inspection';
import { planKernelspecLaunch } from './launch-kernelspec';
import { brokenEnvironment, inspectAgain, planPythonLaunch } from './launch-python';
import { createUserNames } from './users';
import { withoutMisleading, withoutShellState } from './variables';

/** Everything that a keeper needs to start a kernel in an environment. */
export interface LaunchPlan {
  /** The program, absolute, with `{connection_file}` where its path goes. */
  argv: string[];
  /** The whole environment of the kernel. */
  variables: Record<string, string>;
  interruptMode: 'signal' | 'message';
  transport: 'ipc' | 'tcp';
  language: string;
  /** The name of the kernelspec, or `env-…` for an environment. */
  kernelspecName: string;
  displayName: string;
  launcher: Launcher;
}

/** What a launch is planned with. */
export interface LaunchOptions {
  /** Default: `ipykernel` where it is installed, else `spyder-kernels`; kernelspecs have only their own. */
  readonly launcher?: Launcher;
  /** Variables that win over those of the login shell and the environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** As `readLoginVariables` gives them. */
  readonly loginVariables: Readonly<Record<string, string>>;
  /** Whether the user may change environments; without it a missing package is said and no command that installs it. Default: yes. */
  readonly isInstallable?: boolean;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/**
 * Plans how a kernel is started in an environment, looking at its files again. The environment is activated; what would mislead the kernel, such
 * as `JPY_PARENT_PID`, is never in the variables. Throws WireError `environment-broken`, `kernel-package-missing` (its
 * detail has the command that installs the package) or `kernelspec-not-found`.
 */
export async function planLaunch(environment: Environment, options: LaunchOptions): Promise<LaunchPlan> {
  const { signal, logger } = options;
  signal.throwIfAborted();
  const login = withoutShellState(withoutMisleading(options.loginVariables));
  const person = personOf(login);
  const activation = { files: systemFiles, signal, logger };
  const finish = (variables: Record<string, string>) =>
    withoutMisleading({ ...variables, ...options.variables });

  if (environment.kind === 'kernelspec') {
    const launch = await planKernelspecLaunch(environment, login, person, activation);
    return {
      argv: launch.argv,
      variables: finish(launch.variables),
      interruptMode: launch.spec.interrupt_mode,
      transport: launch.transport,
      language: launch.spec.language,
      kernelspecName: launch.name,
      displayName: launch.spec.display_name,
      launcher: 'kernelspec',
    };
  }
  const current = await inspectAgain(systemFiles, environment, person);
  if (current === undefined) {
    const message = 'it is no longer there';
    throw brokenEnvironment({ ...environment, problem: { code: 'half-removed', message } });
  }
  const launch = await planPythonLaunch(systemFiles, current, options.launcher, login, options.isInstallable);
  return {
    ...launch,
    variables: finish(await activate(current, login, activation)),
    interruptMode: 'signal',
    transport: 'ipc',
    language: 'python',
  };
}

function personOf(login: Readonly<Record<string, string>>): Person {
  return {
    uid: process.getuid?.(),
    homeFolder: login['HOME'] ?? '/',
    variables: login,
    userName: createUserNames(),
  };
}
