import { t } from '@vscode/l10n';
import { chooseHost } from '../choose';
import type { CommandHandler } from '../handler';

/** *Disconnect*: ends the connection or the attempt. Sign-in and kernels stay. */
export const disconnect: CommandHandler = async (dependencies, { target }) => {
  const host = await chooseHost(dependencies, target, {
    title: t('Disconnect'),
    filter: 'disconnectable',
    none: t('No host is connected.'),
  });
  if (host !== undefined) dependencies.hosts.disconnect(host.id);
};
