import { t } from '@vscode/l10n';
import { parseConnectTarget } from '../connect-target';
import type { CommandHandler } from '../handler';
import { CommandProblem } from '../problem';
import { addHost } from './add-host';

/** *Connect to Remote*: to the host that is named, otherwise to one of the list, or to what was typed there. */
export const connect: CommandHandler = async (dependencies, { target }) => {
  const { hosts, pickers, connector, hostsView, readTyped } = dependencies;
  let { hostId } = target;
  if (hostId === undefined) {
    const choice = await pickers.pickHostToConnect();
    switch (choice?.kind) {
      case undefined:
        return;
      case 'add':
        await addHost(dependencies, { target: {} });
        return;
      case 'host':
        hostId = choice.hostId;
        break;
      case 'typed':
        hostId = hosts.add(parseConnectTarget(readTyped(choice.text))).id;
        break;
    }
  }
  if (hosts.get(hostId) === undefined) {
    throw new CommandProblem({
      severity: 'warning',
      message: t('This host is not known any more.'),
      remedies: [],
    });
  }
  if (await connector.connect(hostId)) await hostsView.reveal({ hostId });
};
