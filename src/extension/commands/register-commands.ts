import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/disposable';
import { parseCommandTarget } from '../editor/command-target';
import type { CommandDependencies } from './dependencies';
import type { CommandHandler, Invocation } from './handler';
import { commandIds, type CommandId } from './ids';
import { chooseEnvironment } from './environments/choose-environment';
import { copyInstallCommand } from './environments/copy-install-command';
import { copyPath } from './environments/copy-path';
import { listEnvironments } from './environments/list-environments';
import { pinEnvironment, unpinEnvironment } from './environments/pin-environment';
import { refreshEnvironments } from './environments/refresh-environments';
import { addHost } from './hosts/add-host';
import { connect } from './hosts/connect';
import { disconnect } from './hosts/disconnect';
import { discoverHosts } from './hosts/discover-hosts';
import { editHost } from './hosts/edit-host';
import { forgetHost } from './hosts/forget-host';
import { reconnect } from './hosts/reconnect';
import { replaceKey } from './hosts/replace-key';
import { showConnections } from './hosts/show-connections';
import { showLog } from './hosts/show-log';
import { signOut, signOutEverywhere } from './hosts/sign-out';
import { tryThisMachine } from './hosts/try-this-machine';
import { attachKernel } from './kernels/attach-kernel';
import { chooseRemoteFolder } from './kernels/choose-remote-folder';
import { interrupt } from './kernels/interrupt';
import { openNotebook } from './kernels/open-notebook';
import { restart, restartAndRunAll } from './kernels/restart';
import { showKernelOutput } from './kernels/show-kernel-output';
import { shutDown } from './kernels/shut-down';
import { startKernel } from './kernels/start-kernel';

/** Which function does what a command says. A command without one does not compile. */
const handlers: Readonly<Record<keyof typeof commandIds, CommandHandler>> = {
  connect,
  discoverHosts,
  addHost,
  tryThisMachine,
  listEnvironments,
  refreshEnvironments,
  startKernel,
  attachKernel,
  openNotebook,
  reconnect,
  disconnect,
  signOut,
  signOutEverywhere,
  forgetHost,
  replaceKey,
  chooseRemoteFolder,
  chooseEnvironment,
  interrupt,
  restart,
  restartAndRunAll,
  shutDown,
  showKernelOutput,
  copyPath,
  copyInstallCommand,
  pinEnvironment,
  unpinEnvironment,
  showConnections,
  showLog,
  editHost,
};

/** Registers every command through one wrapper: arguments are parsed, and whatever is thrown is shown. */
export function registerCommands(dependencies: CommandDependencies): Disposable {
  const owned = new DisposableStore();
  for (const key of Object.keys(handlers) as (keyof typeof commandIds)[]) {
    owned.add(register(commandIds[key], handlers[key], dependencies));
  }
  return owned;
}

function register(id: CommandId, handler: CommandHandler, dependencies: CommandDependencies): Disposable {
  return vscode.commands.registerCommand(id, async (...inputs: unknown[]) => {
    const invocation = parseInvocation(inputs);
    try {
      await handler(dependencies, invocation);
    } catch (error) {
      const host = dependencies.hosts.get(invocation.target.hostId ?? '');
      // Not awaited: a command is over when it has said what is wrong, not when that was read.
      void dependencies.problems.report(error, host === undefined ? {} : { host });
    }
  });
}

/** What was handed over by the tree, a link, the toolbar of a notebook, or nobody. What cannot be read counts as not said. */
export function parseInvocation(inputs: readonly unknown[]): Invocation {
  const [first] = inputs;
  const target = parseCommandTarget(first);
  const notebook = notebookOf(first);
  return {
    target: target.ok ? target.value : {},
    ...(notebook === undefined ? {} : { notebook }),
  };
}

/** The toolbar of a notebook says `{ notebookEditor: { notebookUri } }`. */
function notebookOf(input: unknown): vscode.NotebookDocument | undefined {
  if (typeof input !== 'object' || input === null || !('notebookEditor' in input)) return undefined;
  const editor: unknown = input.notebookEditor;
  if (typeof editor !== 'object' || editor === null || !('notebookUri' in editor)) return undefined;
  const wanted = String(editor.notebookUri);
  return vscode.workspace.notebookDocuments.find((notebook) => notebook.uri.toString() === wanted);
}
