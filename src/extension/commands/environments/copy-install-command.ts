import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { withDeadline } from '../../../base/time';
import { canRunKernels } from '../../../protocol/environments';
import { WireError } from '../../../protocol/errors';
import { chooseEnvironment, problem } from '../choose';
import { CommandProblem } from '../problem';
import { listOnly } from '../refusal-problems';
import type { CommandHandler } from '../handler';

const answerTimeoutMs = 60_000;

/**
 * *Copy Command That Installs ipykernel*. Only the host knows the tools with which the environment was made, and it says the exact command when
 * it refuses to start a kernel there; so it is asked for one, after a fresh look whether it would still refuse.
 */
export const copyInstallCommand: CommandHandler = async (dependencies, { target }) => {
  const chosen = await chooseEnvironment(dependencies, target, t('Copy Command That Installs ipykernel'));
  if (chosen === undefined) return;
  const { host, environment } = chosen;
  if (!host.agent.capabilities.canChangeEnvironments) throw new CommandProblem(listOnly(host.name));
  const signal = withDeadline(answerTimeoutMs, t('the environments of {0}', host.name));
  await host.agent.refreshEnvironments(signal);
  const fresh = host.agent.environments.get(environment.id);
  if (fresh !== undefined && canRunKernels(fresh))
    throw problem(t('The environment {0} on {1} can run kernels already.', environment.name, host.name));
  const command = await askForCommand(() =>
    host.agent.startKernel({ environmentId: environment.id }, signal),
  );
  if (command === undefined)
    throw problem(t('{0} knows no command that installs ipykernel into {1}.', host.name, environment.name));
  await vscode.env.clipboard.writeText(command);
};

async function askForCommand(start: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await start();
    return undefined;
  } catch (error) {
    if (error instanceof WireError && error.code === 'kernel-package-missing')
      return error.detail?.installCommand;
    throw error;
  }
}
