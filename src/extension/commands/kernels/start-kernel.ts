import { t } from '@vscode/l10n';
import { toError } from '../../../base/errors';
import { withDeadline } from '../../../base/time';
import { WireError } from '../../../protocol/errors';
import { withProgress } from '../../editor/progress';
import { chooseUsableEnvironment, requireTrust } from '../choose';
import type { CommandHandler } from '../handler';
import { commandIds } from '../ids';

/** Longer than the host's own limit, whose error says more. */
const startTimeoutMs = 180_000;

/** *Start Kernel*: in an environment, without a notebook yet; the tree shows it. */
export const startKernel: CommandHandler = async (dependencies, { target }) => {
  const { hostsView, problems, readSettings, telemetry } = dependencies;
  requireTrust();
  const chosen = await chooseUsableEnvironment(dependencies, target, t('Start Kernel'));
  if (chosen === undefined) return;
  const { host, environment } = chosen;
  const startedAt = Date.now();
  const send = (outcome: string) =>
    telemetry.send('start-kernel', {
      environmentKind: environment.kind,
      outcome,
      durationMs: Date.now() - startedAt,
    });
  try {
    const kernel = await withProgress(
      {
        title: t('Starting a kernel in {0} on {1}', environment.name, host.name),
        showLogCommand: commandIds.showLog,
      },
      (_progress, signal) =>
        host.agent.startKernel(
          { environmentId: environment.id, workingDirectory: readSettings().remoteFolder },
          withDeadline(startTimeoutMs, t('a kernel in {0} on {1}', environment.name, host.name), signal),
        ),
    );
    send('started');
    await hostsView.reveal({ hostId: host.id, kernelId: kernel.id });
  } catch (error) {
    send(error instanceof WireError ? error.code : toError(error).name);
    await problems.report(error, {
      host,
      environmentName: environment.name,
      environmentId: environment.id,
    });
  }
};
