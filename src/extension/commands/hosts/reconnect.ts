import { t } from '@vscode/l10n';
import { isLost } from '../../hosts/host-state';
import { chooseHost } from '../choose';
import type { CommandHandler } from '../handler';

/** *Reconnect*: tries a lost host at once instead of waiting; where a person is needed it asks. */
export const reconnect: CommandHandler = async (dependencies, { target }) => {
  const { hosts, connector } = dependencies;
  const host = await chooseHost(dependencies, target, {
    title: t('Reconnect'),
    filter: 'lost',
    none: t('No connection is lost.'),
  });
  if (host === undefined) return;
  if (isLost(host.state)) hosts.reconnectNow(host.id);
  else await connector.connect(host.id);
};
