import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { toSingleLine } from '../../base/text';
import type { Environment } from '../../protocol/environments';
import type { KernelDetails } from '../../protocol/kernels';
import type { CommandTarget } from '../editor/command-target';
import { askModally } from '../editor/notification';
import type { HostFilter } from '../editor/pickers';
import type { Host } from '../hosts/host';
import type { CommandDependencies } from './dependencies';
import { commandIds } from './ids';
import { CommandProblem } from './problem';

type Choosing = Pick<CommandDependencies, 'hosts' | 'pickers' | 'connector'>;

/** An environment and where it is. */
export interface ChosenEnvironment {
  readonly host: Host;
  readonly environment: Environment;
}

/** A kernel and where it runs. */
export interface ChosenKernel {
  readonly host: Host;
  readonly kernel: KernelDetails;
}

/** The host that the target names, otherwise one that the person picks. `undefined` when they dismissed the list. */
export async function chooseHost(
  { hosts, pickers }: Pick<Choosing, 'hosts' | 'pickers'>,
  target: CommandTarget,
  question: { readonly title: string; readonly filter: HostFilter; readonly none: string },
): Promise<Host | undefined> {
  if (target.hostId !== undefined) {
    const host = hosts.get(target.hostId);
    if (host === undefined) throw problem(t('This host is not known any more.'));
    return host;
  }
  if (!pickers.hasHost(question.filter)) throw problem(question.none);
  const id = await pickers.pickHost(question);
  return id === undefined ? undefined : hosts.get(id);
}

/** A host that is connected, connecting it if the target names one that is not. */
export async function chooseConnectedHost(
  dependencies: Choosing,
  target: CommandTarget,
  title: string,
): Promise<Host | undefined> {
  const host = await chooseHost(dependencies, target, {
    title,
    filter: 'connected',
    none: t('No host is connected. Connect to one first.'),
  });
  if (host === undefined || host.state.kind === 'connected') return host;
  if (!(await dependencies.connector.connect(host.id))) return undefined;
  return dependencies.hosts.get(host.id);
}

/** An environment in which code is to run: as {@link chooseEnvironment}, and asked about when it belongs to somebody else. */
export async function chooseUsableEnvironment(
  dependencies: Choosing,
  target: CommandTarget,
  title: string,
): Promise<ChosenEnvironment | undefined> {
  const chosen = await chooseEnvironment(dependencies, target, title);
  if (chosen === undefined) return undefined;
  return (await isOwnerAccepted(chosen.environment, chosen.host)) ? chosen : undefined;
}

/** The environment that the target names, otherwise one that the person picks. */
export async function chooseEnvironment(
  dependencies: Choosing,
  target: CommandTarget,
  title: string,
): Promise<ChosenEnvironment | undefined> {
  const { hosts, pickers } = dependencies;
  let chosen = target;
  if (target.hostId === undefined || target.environmentId === undefined) {
    if (target.hostId !== undefined || !hosts.all.some((host) => host.state.kind === 'connected')) {
      const host = await chooseConnectedHost(dependencies, target, title);
      if (host === undefined) return undefined;
      chosen = { hostId: host.id };
    }
    const picked = await pickers.pickEnvironment({
      title,
      ...(chosen.hostId === undefined ? {} : { hostId: chosen.hostId }),
    });
    if (picked === undefined) return undefined;
    chosen = picked;
  }
  const host = hosts.get(chosen.hostId ?? '');
  const environment = host?.agent.environments.get(chosen.environmentId ?? '');
  if (host === undefined || environment === undefined)
    throw problem(t('This environment is not known any more.'));
  return { host, environment };
}

/** The kernel that the target names, otherwise one that the person picks. */
export async function chooseKernel(
  dependencies: Choosing,
  target: CommandTarget,
  title: string,
): Promise<ChosenKernel | undefined> {
  const { hosts, pickers } = dependencies;
  let chosen = target;
  if (target.hostId === undefined || target.kernelId === undefined) {
    const members = hosts.all.filter((host) => target.hostId === undefined || host.id === target.hostId);
    if (!members.some((host) => host.agent.kernels.items.length > 0))
      throw problem(t('No kernel is running on a connected host.'), {
        kind: 'command',
        title: t('Start Kernel'),
        command: commandIds.startKernel,
        target: {},
      });
    const picked = await pickers.pickKernel({
      title,
      ...(target.hostId === undefined ? {} : { hostId: target.hostId }),
    });
    if (picked === undefined) return undefined;
    chosen = picked;
  }
  const host = hosts.get(chosen.hostId ?? '');
  const kernel = host?.agent.kernels.get(chosen.kernelId ?? '');
  if (host === undefined || kernel === undefined) throw problem(t('This kernel is not running any more.'));
  return { host, kernel };
}

/** Code runs only in a workspace that the person trusts. */
export function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new CommandProblem({
    severity: 'warning',
    message: t('Kernels are started only in a workspace that you trust.'),
    remedies: [
      { kind: 'editor-command', title: t('Manage Workspace Trust'), command: 'workbench.trust.manage' },
    ],
  });
}

/** The Jupyter notebook in front. */
export function notebookInFront(): vscode.NotebookDocument | undefined {
  const notebook = vscode.window.activeNotebookEditor?.notebook;
  return notebook?.notebookType === 'jupyter-notebook' ? notebook : undefined;
}

/** A problem that is no error: a command was called when it cannot run. */
export function problem(message: string, ...remedies: CommandProblem['problem']['remedies']): CommandProblem {
  return new CommandProblem({
    severity: 'warning',
    message,
    remedies:
      remedies.length > 0
        ? remedies
        : [{ kind: 'command', title: t('Connect to Remote'), command: commandIds.connect, target: {} }],
  });
}

/** The Python of an environment runs with the person's rights, so another user's is asked about. */
async function isOwnerAccepted(environment: Environment, host: Host): Promise<boolean> {
  if (environment.owner !== 'other') return true;
  const label = toSingleLine(environment.name, 80);
  const owner = toSingleLine(environment.ownerName ?? t('another user'), 80);
  return await askModally({
    message: t('The environment {0} on {1} belongs to {2}. Use it?', label, host.name, owner),
    detail: t('Its Python runs with your rights and can read and change your files on {0}.', host.name),
    accept: t('Use It'),
  });
}
