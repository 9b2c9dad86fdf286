import { statSync } from 'node:fs';
import { join } from 'node:path';
import { toError } from '../../base/errors';
import { exitCodes } from '../../protocol/command-line';
import {
  pamDescriptor,
  parsePamAnswers,
  parsePamQuestion,
  type PamMessage,
  type PamQuestion,
} from '../../protocol/pam';
import { loadKoffi, type Koffi } from '../platform/koffi';
import { PamChannel } from './pam-channel';
import { messageStyles, pamCodes, startPam, type Converse, type PamHandle } from './pam-library';
import { confineProcess } from './pam-limits';
import { isPasswordLocked } from './pam-shadow';

type Result = Extract<PamMessage, { kind: 'result' }>;
type Stage = Result['stage'];

/** How long PAM may work, and how long a person may think, each time anew. */
const deadlineSeconds = 120;
/** More questions than any arrangement of modules has; one that asks without end is ended. */
const maxSignInRounds = 16;
/** How often a fresh password can be mistyped; passwd(1) gives as many tries. */
const maxPasswordTries = 3;
const maxTextLength = 1024;
const maxPrompts = 16;

/**
 * The process `remote-kernels pam`: asks PAM about one user, as `protocol/pam.ts` says, and ends. Resolves with the exit code, which is 0 whenever it
 * gave a result. It runs nothing beside PAM: the calls block, and a module that hangs or crashes ends this process only.
 */
export function runPamChild(pamFolder = '/etc/pam.d'): number {
  const channel = new PamChannel(pamDescriptor);
  try {
    channel.write(answer(channel, pamFolder));
    return exitCodes.ok;
  } catch (error) {
    process.stderr.write(`remote-kernels pam: ${toError(error).message}\n`);
    return exitCodes.ioError;
  }
}

function answer(channel: PamChannel, pamFolder: string): Result {
  let koffi: Koffi;
  let question: PamQuestion;
  let endAfter: (seconds: number) => void;
  try {
    koffi = loadKoffi();
    ({ endAfter } = confineProcess(koffi, pamDescriptor));
    endAfter(deadlineSeconds);
    question = channel.read(parsePamQuestion);
    requireService(pamFolder, question.service);
  } catch (error) {
    return refusal('start', pamCodes.systemError, toError(error).message);
  }
  const words: string[] = [];
  const maxRounds = question.isAccountOnly === true ? 0 : maxSignInRounds;
  const converse = conversation(channel, words, maxRounds, () => endAfter(deadlineSeconds));
  let pam: PamHandle;
  try {
    pam = startPam(koffi, question, converse);
  } catch (error) {
    return refusal('start', pamCodes.systemError, toError(error).message);
  }
  const { stage, code } = question.isAccountOnly === true ? checkAccount(pam) : signIn(pam);
  const username = pam.username();
  const message = [pam.describe(code), ...words].join('; ').slice(0, maxTextLength);
  pam.end(code);
  if (code !== pamCodes.success) return refusal(stage, code, message);
  if (question.isAccountOnly === true && isPasswordLocked(koffi, username ?? question.username))
    return refusal('account', pamCodes.accountExpired, 'the password is locked');
  return { kind: 'result', isAccepted: true, ...named(username), stage, code, message };
}

/** Without its own file PAM would fall back to the service `other`, which some systems let everybody pass. */
function requireService(pamFolder: string, service: string): void {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(service)) throw new Error(`"${service}" is no name of a PAM service`);
  const file = join(pamFolder, service);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new Error(`${file} is missing; run "remote-kernels install", which writes it`);
}

function signIn(pam: PamHandle): { readonly stage: Stage; readonly code: number } {
  const code = pam.authenticate();
  if (code !== pamCodes.success) return { stage: 'authenticate', code };
  const account = checkAccount(pam);
  if (account.code !== pamCodes.newPasswordRequired) return account;
  const changed = changePassword(pam);
  if (changed !== pamCodes.success) return { stage: 'change-password', code: changed };
  return checkAccount(pam);
}

/**
 * Modules give up when the repetition of a fresh password was mistyped. The person is told so before the first question of the next try, rather than
 * refused without a word.
 */
function changePassword(pam: PamHandle): number {
  let code = pam.changeExpiredPassword();
  for (let tries = 1; code === pamCodes.tryAgain && tries < maxPasswordTries; tries += 1)
    code = pam.changeExpiredPassword();
  return code;
}

function checkAccount(pam: PamHandle): { readonly stage: Stage; readonly code: number } {
  return { stage: 'account', code: pam.checkAccount() };
}

/** Carries prompts to the person. What a module only tells is shown before its next prompt, or stays in `words` where none follows. */
function conversation(
  channel: PamChannel,
  words: string[],
  maxRounds: number,
  onAnswer: () => void,
): Converse {
  let rounds = 0;
  return (messages) => {
    const prompts: { text: string; echo: boolean }[] = [];
    const isPrompt = messages.map(({ style, text }) => {
      if (style === messageStyles.error || style === messageStyles.info) {
        words.push(text.trim());
        return false;
      }
      if (style !== messageStyles.hiddenPrompt && style !== messageStyles.shownPrompt)
        throw new Error(`a module asks in a way that is not known (${style})`);
      const told = words.splice(0).map((line) => `${line}\n`);
      prompts.push({
        text: `${told.join('')}${text}`.slice(-maxTextLength),
        echo: style === messageStyles.shownPrompt,
      });
      return true;
    });
    const answers = prompts.length === 0 ? [] : ask(prompts);
    let next = 0;
    return isPrompt.map((asked) => Buffer.from(asked ? (answers[next++] ?? '') : '', 'utf8'));
  };

  function ask(prompts: { text: string; echo: boolean }[]): readonly string[] {
    rounds += 1;
    if (rounds > maxRounds || prompts.length > maxPrompts) throw new Error('a module asks too much');
    channel.write({ kind: 'prompts', prompts });
    const { answers } = channel.read(parsePamAnswers);
    if (answers.length !== prompts.length || answers.some((text) => text.includes('\0')))
      throw new Error('these are not the answers to the prompts');
    onAnswer();
    return answers;
  }
}

function refusal(stage: Stage, code: number, message: string): Result {
  return { kind: 'result', isAccepted: false, stage, code, message: message.slice(0, maxTextLength) };
}

function named(username: string | undefined): { username?: string } {
  return username === undefined ? {} : { username };
}
