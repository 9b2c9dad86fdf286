import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { escapeLinks } from '../../../base/text';
import { chooseHost } from '../choose';
import { parseConnectTarget } from '../connect-target';
import type { CommandHandler } from '../handler';
import { forget } from './forget-host';

/**
 * *Edit Host…*: another address for a host. What was accepted and signed in belongs to the old one and is forgotten with it: another address is
 * another machine until its key says otherwise.
 */
export const editHost: CommandHandler = async (dependencies, { target }) => {
  const { hosts, connector, hostsView, readTyped } = dependencies;
  const host = await chooseHost(dependencies, target, {
    title: t('Edit Host'),
    filter: 'saved',
    none: t('No host is saved.'),
  });
  const endpoint = host?.endpoints.find((candidate) => candidate.kind === 'tls');
  if (host === undefined || endpoint?.kind !== 'tls') return;
  const place = endpoint.hostname.includes(':') ? `[${endpoint.hostname}]` : endpoint.hostname;
  const before = `${host.userName === undefined ? '' : `${host.userName}@`}${place}:${endpoint.port}`;
  const typed = await vscode.window.showInputBox({
    title: t('Edit Host {0}', host.name),
    prompt: t('Its address. With another one, the key is compared and you sign in anew.'),
    value: before,
    ignoreFocusOut: true,
    validateInput(value) {
      const reading = readTyped(value);
      return reading.kind === 'invalid' ? escapeLinks(reading.message) : undefined;
    },
  });
  if (typed === undefined || typed.trim() === before) return;
  const edited = hosts.add(parseConnectTarget(readTyped(typed)));
  if (edited.id !== host.id) await forget(dependencies, host);
  if (await connector.connect(edited.id)) await hostsView.reveal({ hostId: edited.id });
};
