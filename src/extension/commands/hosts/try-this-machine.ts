import { t } from '@vscode/l10n';
import type { CommandHandler } from '../handler';
import { problem } from '../choose';

/** *Try It on This Machine*: connects to the agent of this computer, which needs no daemon and no sign-in. */
export const tryThisMachine: CommandHandler = async ({ hosts, connector, hostsView }) => {
  const host = hosts.all.find((candidate) => candidate.sources.has('this-machine'));
  if (host === undefined) throw problem(t('Kernels cannot be started on this machine.'));
  if (await connector.connect(host.id)) await hostsView.reveal({ hostId: host.id });
};
