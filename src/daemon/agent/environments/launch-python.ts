import { hostname } from 'node:os';
import { WireError } from '../../../protocol/errors';
import type { Environment } from '../../../protocol/environments';
import { environmentKernelspecName } from '../../../protocol/environments';
import type { Launcher } from '../../../protocol/kernels';
import { toSingleLine } from '../../../base/text';
import { isFault, type Files } from './files';
import { inspectInstallation } from './inspect-installation';
import { inspectPrefix } from './inspect-prefix';
import type { Person } from './inspection';
import { installCommand, type KernelPackage } from './install-command';
import type { Variables } from './variables';

/** How a Python environment's kernel is started. */
export interface PythonLaunch {
  readonly argv: string[];
  readonly launcher: Launcher;
  readonly kernelspecName: string;
  readonly displayName: string;
}

/** Looks at an environment again: what the list says of it may be a second old, and a command may just have mended it. */
export async function inspectAgain(
  files: Files,
  environment: Environment,
  person: Person,
): Promise<Environment | undefined> {
  const { prefix, python } = environment;
  if (environment.kind === 'system' && python !== undefined) {
    const candidate = { kind: 'system', prefix, realPrefix: prefix, name: environment.name, python } as const;
    return inspectInstallation(files, candidate, person);
  }
  const real = await files.realpath(prefix);
  const expectation =
    environment.kind === 'pyenv' ? 'pyenv' : environment.kind === 'pixi' ? 'pixi' : 'perhaps';
  const realPrefix = isFault(real) ? prefix : real;
  return (await inspectPrefix(files, { prefix, realPrefix, expectation }, person))?.environment;
}

/**
 * The command that becomes the kernel of a Python environment, for the launcher asked for or the one that is installed. Throws
 * {@link WireError} `environment-broken` or `kernel-package-missing`.
 */
export async function planPythonLaunch(
  files: Files,
  environment: Environment,
  wanted: Launcher | undefined,
  loginVariables: Variables,
  isInstallable = true,
): Promise<PythonLaunch> {
  const { python, problem } = environment;
  if (problem !== undefined || python === undefined) throw brokenEnvironment(environment);
  const launcher = wanted ?? installedLauncher(environment);
  if (launcher === 'kernelspec') {
    throw new WireError(
      'bad-request',
      `${shown(environment)} is a Python environment: it has no kernelspec to run`,
    );
  }
  if (launcher === undefined || !isInstalled(environment, launcher)) {
    const missing = launcher ?? 'ipykernel';
    if (!isInstallable) throw missingPackageOfAdministrator(environment, missing);
    throw await missingPackage(files, environment, missing, loginVariables);
  }
  const module = launcher === 'ipykernel' ? 'ipykernel_launcher' : 'spyder_kernels.console';
  const version = environment.pythonVersion;
  return {
    argv: [python, '-m', module, '-f', '{connection_file}'],
    launcher,
    kernelspecName: environmentKernelspecName(environment.id),
    displayName: version === undefined ? environment.name : `${environment.name} (Python ${version})`,
  };
}

/** The error for an environment that cannot be used, with the next step. */
export function brokenEnvironment(environment: Environment): WireError {
  const reason = toSingleLine(environment.problem?.message ?? 'there is no Python in it', 1000);
  const step =
    environment.kind === 'kernelspec'
      ? 'Install its program or the kernelspec again'
      : 'Make it again or repair it';
  return new WireError(
    'environment-broken',
    `${shown(environment)} cannot run kernels: ${reason}. ${step}, or choose another environment.`,
  );
}

/** The environment's name in one line, for a sentence. */
export function shown(environment: Environment): string {
  return `the environment ${toSingleLine(environment.name)}`;
}

function installedLauncher(environment: Environment): Launcher | undefined {
  if (environment.ipykernel !== undefined) return 'ipykernel';
  return environment.spyderKernels === undefined ? undefined : 'spyder-kernels';
}

function isInstalled(environment: Environment, launcher: KernelPackage): boolean {
  return (launcher === 'ipykernel' ? environment.ipykernel : environment.spyderKernels) !== undefined;
}

function missingPackageOfAdministrator(environment: Environment, packageName: KernelPackage): WireError {
  return new WireError(
    'kernel-package-missing',
    `${shown(environment)} has no ${packageName}, which runs its kernels. The administrator of ${hostname()} lets you list environments and not change them: ask them, or choose another environment.`,
    { environments: 'list' },
  );
}

async function missingPackage(
  files: Files,
  environment: Environment,
  packageName: KernelPackage,
  loginVariables: Variables,
): Promise<WireError> {
  const command = await installCommand(files, environment, packageName, loginVariables);
  const next =
    command === undefined
      ? 'It is frozen (conda-meta/frozen): ask whoever keeps it, or choose another environment.'
      : `Install it on the host with: ${command}`;
  return new WireError(
    'kernel-package-missing',
    `${shown(environment)} has no ${packageName}, which runs its kernels. ${next}`,
    command === undefined ? {} : { installCommand: command },
  );
}
