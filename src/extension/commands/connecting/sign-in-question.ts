import { t } from '@vscode/l10n';
import { toSingleLine } from '../../../base/text';
import type { SignInQuestion } from '../../editor/sign-in-box';
import type { Prompt } from '../../transports/transport';

/** A prompt in our words; what the host says itself stands below the box, as plain text. */
export function signInQuestion(prompt: Prompt): SignInQuestion {
  const name = toSingleLine(prompt.hostName, 80);
  return {
    title: `${name}: ${whatIsAsked(prompt)}`,
    prompt:
      prompt.text === undefined ? defaultPrompt(prompt, name) : withoutColon(toSingleLine(prompt.text, 300)),
    isSecret: prompt.isSecret,
    // What a host asks in its own words may want nothing but Enter, to send a push to a telephone for one.
    canBeEmpty: prompt.kind === 'other',
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

/** On a terminal a prompt ends with a colon before what is typed; here the editor's own hint follows. */
function withoutColon(text: string): string {
  return text.replace(/\s*:\s*$/, '');
}

/** `lab-7 did not accept that. 2 attempts before a pause.` */
function refusalSentence(name: string, attemptsLeft: number): string {
  if (attemptsLeft <= 0)
    return t('{0} did not accept that. It asks for a pause before the next attempt.', name);
  return attemptsLeft === 1
    ? t('{0} did not accept that. 1 attempt before a pause.', name)
    : t('{0} did not accept that. {1} attempts before a pause.', name, attemptsLeft);
}
