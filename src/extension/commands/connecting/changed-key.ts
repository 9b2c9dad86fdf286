import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { escapeLinks, toSingleLine } from '../../../base/text';
import type { Pin } from '../../../protocol/pin';
import type { Host } from '../../hosts/host';
import type { ConnectingDependencies } from './connecting-dependencies';
import { changedKeyDetail, changedKeySentence } from './changed-key-words';
import { endsWithTyped } from './fingerprint';

/** So much of the key has to be read on the host and typed. */
const typedLength = 8;

/**
 * Says that a host shows another key than the accepted one, with both, and lets the person replace it deliberately: by typing the end of the key,
 * read on the host. Resolves with whether it was replaced. Nothing is sent to the host by any of this.
 */
export async function explainChangedKey(
  dependencies: Pick<ConnectingDependencies, 'hosts' | 'locale' | 'logger'>,
  host: Host,
): Promise<boolean> {
  const { state } = host;
  if (state.kind !== 'key-changed') return false;
  const name = toSingleLine(host.name, 80);
  const replace = { title: t('Replace the Key…') };
  const stay = { title: t('Stay Disconnected'), isCloseAffordance: true };
  const chosen = await vscode.window.showWarningMessage(
    changedKeySentence(name, host.accepted?.at, dependencies.locale),
    { modal: true, detail: changedKeyDetail(host, state.presented, state.since, dependencies.locale) },
    replace,
    stay,
  );
  if (chosen !== replace) return false;
  if (!(await isEndTyped(name, state.presented))) return false;
  await dependencies.hosts.replaceKey(host.id, state.presented);
  dependencies.logger.info(`${host.name}: the accepted key was replaced`);
  return true;
}

/** Asks until the end of the key is typed or the box is dismissed. What is wrong is said once enough is typed to be wrong. */
async function isEndTyped(name: string, presented: Pin): Promise<boolean> {
  for (;;) {
    const typed = await vscode.window.showInputBox({
      title: t('{0}: replace the key', name),
      prompt: t(
        'Type the last eight characters of the key that the host shows. On the host: {0}',
        'remote-kernels certificate show',
      ),
      ignoreFocusOut: true,
      validateInput: (value) =>
        value.replace(/[\s:]/g, '').length < typedLength || endsWithTyped(presented, value, typedLength)
          ? undefined
          : escapeLinks(t('These are not the last eight characters of the key that {0} presents.', name)),
    });
    if (typed === undefined) return false;
    if (endsWithTyped(presented, typed, typedLength)) return true;
  }
}
