import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Disposable } from '../../../base/disposable';
import { toSingleLine } from '../../../base/text';
import { SignInBox, type SignInQuestion } from '../../editor/sign-in-box';
import type { Interaction, KeyQuestion, Prompt } from '../../transports/transport';
import { fingerprintLines } from './fingerprint';

/** How one attempt to connect talks with a person. Disposed when the attempt is over. */
export interface EditorInteraction extends Interaction, Disposable {}

/** Makes it. `onDismiss` is called when the person closes the box of the sign-in while the host still checks an answer. */
export function createInteraction(onDismiss: () => void): EditorInteraction {
  const box = new SignInBox(onDismiss);
  return {
    confirmKey,
    ask: (prompt, signal) => box.ask(signInQuestion(prompt), signal),
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

/** A prompt in our words; what the host says itself stands below the box, as plain text. */
export function signInQuestion(prompt: Prompt): SignInQuestion {
  const name = toSingleLine(prompt.hostName, 80);
  return {
    title: `${name}: ${whatIsAsked(prompt)}`,
    prompt: prompt.text === undefined ? defaultPrompt(prompt, name) : toSingleLine(prompt.text, 300),
    isSecret: prompt.isSecret,
    canRemember: prompt.canRemember,
    ...(prompt.refused === undefined ? {} : { refusal: refusalSentence(name, prompt.refused.attemptsLeft) }),
    ...(prompt.suggestion === undefined ? {} : { suggestion: prompt.suggestion }),
  };
}

function whatIsAsked({ kind, userName }: Prompt): string {
  const user = userName === undefined ? '' : toSingleLine(userName, 80);
  switch (kind) {
    case 'code':
      return t('pairing code');
    case 'user-name':
      return t('user name');
    case 'password':
      return user === '' ? t('password') : t('password for {0}', user);
    case 'other':
      return user === '' ? t('sign-in') : t('sign-in for {0}', user);
  }
}

function defaultPrompt({ kind }: Prompt, name: string): string {
  return kind === 'code'
    ? t('Type the code that {0} shows. On the host: {1}', name, 'remote-kernels pair')
    : '';
}

/** `lab-7 did not accept that. 2 attempts before a pause.` */
function refusalSentence(name: string, attemptsLeft: number): string {
  if (attemptsLeft <= 0)
    return t('{0} did not accept that. It asks for a pause before the next attempt.', name);
  return attemptsLeft === 1
    ? t('{0} did not accept that. 1 attempt before a pause.', name)
    : t('{0} did not accept that. {1} attempts before a pause.', name, attemptsLeft);
}
