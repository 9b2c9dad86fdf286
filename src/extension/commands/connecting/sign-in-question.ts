import { t } from '@vscode/l10n';
import { toSingleLine } from '../../../base/text';
import { joinLines, plainLines } from '../../editor/plain-lines';
import type { SignInQuestion } from '../../editor/sign-in-box';
import type { Prompt } from '../../transports/transport';

/** More below the box of a sign-in would hide what is under it. */
const maxWordsLength = 500;

/** As much as fits into the box. */
const maxPlaceholderLength = 100;

/** A prompt in our words; what the host says itself stands below the box, as plain text. */
export function signInQuestion(prompt: Prompt): SignInQuestion {
  const name = toSingleLine(prompt.hostName, 80);
  return {
    title: `${name}: ${whatIsAsked(prompt)}`,
    ...wordsOf(prompt, name),
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

/**
 * What a module of PAM tells comes before its question, in lines of their own: below the box stands all of it, and in the empty box, which is where a
 * person looks, what is asked.
 */
function wordsOf(prompt: Prompt, name: string): Pick<SignInQuestion, 'prompt' | 'placeholder'> {
  if (prompt.text === undefined) return { prompt: defaultPrompt(prompt, name) };
  const lines = plainLines(prompt.text);
  const asked = withoutColon(lines.at(-1) ?? '');
  const words = joinLines([...lines.slice(0, -1), asked], maxWordsLength);
  return lines.length > 1
    ? { prompt: words, placeholder: joinLines([asked], maxPlaceholderLength) }
    : { prompt: words };
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
