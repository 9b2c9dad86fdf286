import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { withDeadline } from '../../../base/time';
import { chooseConnectedHost } from '../choose';
import type { CommandHandler } from '../handler';

const refreshTimeoutMs = 60_000;

/** *Refresh Environments*: the host searches again. The view shows that it is at work. */
export const refreshEnvironments: CommandHandler = async (dependencies, { target }) => {
  const host = await chooseConnectedHost(dependencies, target, t('Refresh Environments'));
  if (host === undefined) return;
  await vscode.window.withProgress({ location: { viewId: 'remoteKernels.hosts' } }, () =>
    host.agent.refreshEnvironments(withDeadline(refreshTimeoutMs, t('the environments of {0}', host.name))),
  );
};
