import { t } from '@vscode/l10n';
import { chooseHost } from '../choose';
import type { CommandHandler } from '../handler';

/** *Replace the Key…*: explains that a host shows another key, and connects once the person replaced it deliberately. */
export const replaceKey: CommandHandler = async (dependencies, { target }) => {
  const host = await chooseHost(dependencies, target, {
    title: t('Replace the Key'),
    filter: 'key-changed',
    none: t('No host has changed its key.'),
  });
  if (host === undefined) return;
  // Connecting to a host whose key changed begins with the explanation, and ends there unless the key is replaced.
  if (await dependencies.connector.connect(host.id)) await dependencies.hostsView.reveal({ hostId: host.id });
};
