import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Disposable } from '../../../base/disposable';
import { toSingleLine } from '../../../base/text';
import { SignInBox } from '../../editor/sign-in-box';
import type { KeyQuestion } from '../../transports/transport';
import { fingerprintLines } from './fingerprint';
import type { ClosableInteraction } from './pause-while-asking';
import { signInQuestion } from './sign-in-question';

/** How one attempt to connect talks with a person. Disposed when the attempt is over. */
export interface EditorInteraction extends ClosableInteraction, Disposable {}

/** Makes it. `onDismiss` is called when the person closes the box of the sign-in while the host still checks an answer. */
export function createInteraction(onDismiss: () => void): EditorInteraction {
  const box = new SignInBox(onDismiss);
  return {
    confirmKey,
    ask: (prompt, signal) => box.ask(signInQuestion(prompt), signal),
    closeBox: () => box.close(),
    dispose: () => box.dispose(),
  };
}

/**
 * Whether the person says that the host shows this fingerprint. It is no yes-machine: the key that Enter presses copies the fingerprint and asks
 * again, and Escape is no.
 */
async function confirmKey(question: KeyQuestion, signal: AbortSignal): Promise<boolean> {
  const name = toSingleLine(question.hostName, 80);
  const message = t(
    'This is the first connection to {0} ({1}). Check that the host shows this fingerprint:',
    name,
    toSingleLine(question.address, 80),
  );
  const detail = `${fingerprintLines(question.pin)}\n\n${t('On the host: {0}', 'remote-kernels certificate show')}`;
  const copy = t('Copy Fingerprint');
  const matches = t('The Fingerprint Matches');
  for (;;) {
    if (signal.aborted) return false;
    const chosen = await vscode.window.showInformationMessage(
      message,
      { modal: true, detail },
      copy,
      matches,
    );
    if (chosen !== copy) return chosen === matches && !signal.aborted;
    await vscode.env.clipboard.writeText(fingerprintLines(question.pin).replaceAll('\n', ' '));
  }
}
