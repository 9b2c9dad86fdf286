import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { escapeLinks } from '../../../base/text';
import { parseConnectTarget } from '../connect-target';
import type { CommandHandler } from '../handler';

/** *Add Host…*: asks for an address, saves it and connects. */
export const addHost: CommandHandler = async ({ hosts, connector, hostsView, readTyped }) => {
  const typed = await vscode.window.showInputBox({
    title: t('Add Host'),
    prompt: t(
      'The name or address of a host that runs the daemon, as name, user@name, name:port or [IPv6]:port',
    ),
    placeHolder: 'lab-7',
    ignoreFocusOut: true,
    validateInput(value) {
      const reading = readTyped(value);
      return value.trim() !== '' && reading.kind === 'invalid' ? escapeLinks(reading.message) : undefined;
    },
  });
  if (typed === undefined || typed.trim() === '') return;
  const host = hosts.add(parseConnectTarget(readTyped(typed)));
  if (await connector.connect(host.id)) await hostsView.reveal({ hostId: host.id });
};
