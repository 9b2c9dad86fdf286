import { randomBytes } from 'node:crypto';
import type { Disposable } from '../../base/disposable';
import { isAbortError, toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { withDeadline } from '../../base/time';
import { pamService, type PamMessage, type PamQuestion } from '../../protocol/pam';
import type { CredentialAnswer, CredentialChecker, CredentialQuestion } from './credential-checker';
import { PamProcess } from './pam-process';
import { asksForPassword } from './password-prompt';

/** How attempts are made and how many there can be. */
export interface PamCheckerOptions {
  /** This program's own file. */
  readonly programFile: string;
  /** Told of attempts that end while they wait for a person. */
  readonly log?: Logger;
  /** The PAM service; that of the product by default. */
  readonly service?: string;
  /** Children at work at once, 16 by default. */
  readonly maxRunning?: number;
  /** Children that wait for a person, 96 by default. */
  readonly maxWaiting?: number;
  /** How long PAM may take from one answer to the next question, 60 s by default. */
  readonly stepTimeoutMs?: number;
  /** How long a person may take, 120 s by default. */
  readonly waitTimeoutMs?: number;
}

type Result = Extract<PamMessage, { kind: 'result' }>;
type Prompts = Extract<PamMessage, { kind: 'prompts' }>['prompts'];

interface Waiting {
  readonly process: PamProcess;
  readonly username: string;
  readonly address: string;
  readonly promptCount: number;
  /** What was given before and not asked for yet: the password, where a second factor comes first. */
  readonly answers: readonly string[];
  readonly timer: NodeJS.Timeout;
}

/** PAM could not look: `PAM_SYSTEM_ERR`, `PAM_BUF_ERR`, `PAM_AUTHINFO_UNAVAIL`, `PAM_ABORT`. */
const impossibleCodes = new Set([4, 5, 9, 26]);

/**
 * The account is gone, has ended or is locked, or its password has: `PAM_USER_UNKNOWN`, `PAM_NEW_AUTHTOK_REQD`, `PAM_ACCT_EXPIRED`,
 * `PAM_AUTHTOK_EXPIRED`. Other codes are those of `/run/nologin`, of hours (pam_time) and places (pam_access).
 */
const lastingCodes = new Set([10, 12, 13, 27]);

/**
 * Checks credentials by PAM, each attempt in a child process of its own, which waits between the answers of its person. Whatever a child does ends
 * its own attempt only, as a refusal.
 */
export class PamChecker implements CredentialChecker, Disposable {
  private readonly running = new Set<PamProcess>();
  private readonly waiting = new Map<string, Waiting>();
  private isDisposed = false;

  constructor(private readonly options: PamCheckerOptions) {}

  async begin(question: CredentialQuestion, signal: AbortSignal): Promise<CredentialAnswer> {
    if (this.isFull) return { kind: 'busy' };
    return this.attempt(this.start(question, false), question, [...question.answers], signal);
  }

  async continue(
    conversation: string,
    question: CredentialQuestion,
    signal: AbortSignal,
  ): Promise<CredentialAnswer> {
    const waiting = this.waiting.get(conversation);
    if (waiting?.username !== question.username || waiting.address !== question.address)
      return refused('there is no such conversation of this person from this address');
    if (this.isFull) return { kind: 'busy' };
    this.forget(conversation, waiting);
    if (question.answers.length !== waiting.promptCount) {
      waiting.process.dispose();
      return refused(`${question.answers.length} answers were given to ${waiting.promptCount} prompts`);
    }
    this.running.add(waiting.process);
    waiting.process.answer(question.answers);
    return this.attempt(waiting.process, question, [...waiting.answers], signal);
  }

  async checkAccount(
    username: string,
    address: string,
    signal: AbortSignal,
  ): Promise<Exclude<CredentialAnswer, { kind: 'more' }>> {
    if (this.isFull) return { kind: 'busy' };
    const process = this.start({ username, address }, true);
    try {
      const message = await process.next(this.deadline(signal));
      if (message.kind === 'prompts') throw new Error('PAM asks a person when only the account is looked at');
      if (message.stage === 'start' || impossibleCodes.has(message.code))
        throw new Error(`PAM could not look at the account: ${message.message}`);
      const answer = outcome(message, username);
      return answer.kind === 'refused' && !lastingCodes.has(message.code)
        ? { ...answer, canPass: true }
        : answer;
    } finally {
      this.running.delete(process);
      process.dispose();
    }
  }

  end(conversation: string): void {
    const waiting = this.waiting.get(conversation);
    if (waiting === undefined) return;
    this.forget(conversation, waiting);
    waiting.process.dispose();
  }

  /** How many children work, and how many wait for a person. */
  get counts(): { readonly running: number; readonly waiting: number } {
    return { running: this.running.size, waiting: this.waiting.size };
  }

  dispose(): void {
    this.isDisposed = true;
    for (const conversation of [...this.waiting.keys()]) this.end(conversation);
    for (const process of this.running) process.dispose();
  }

  private get isFull(): boolean {
    return this.isDisposed || this.running.size >= (this.options.maxRunning ?? 16);
  }

  private start(question: Pick<PamQuestion, 'username' | 'address'>, isAccountOnly: boolean): PamProcess {
    const { username, address } = question;
    const process = PamProcess.start(this.options.programFile, {
      service: this.options.service ?? pamService,
      username,
      address,
      ...(isAccountOnly ? { isAccountOnly } : {}),
    });
    this.running.add(process);
    return process;
  }

  /**
   * Goes on until PAM decides, or asks more than the answers at hand. A single one is the password and answers only what asks for that; several are
   * given in their order.
   */
  private async attempt(
    process: PamProcess,
    question: CredentialQuestion,
    answers: string[],
    signal: AbortSignal,
  ): Promise<CredentialAnswer> {
    let isKept = false;
    const isOnlyPassword = answers.length === 1;
    try {
      for (;;) {
        const message = await process.next(this.deadline(signal));
        if (message.kind === 'result') return outcome(message, question.username);
        const { prompts } = message;
        if (answers.length < prompts.length || (isOnlyPassword && !asksForPassword(prompts))) {
          const answer = this.keep(process, question, prompts, answers);
          isKept = answer.kind === 'more';
          return answer;
        }
        process.answer(answers.splice(0, prompts.length));
      }
    } catch (error) {
      if (signal.aborted) throw toError(signal.reason);
      return refused(isAbortError(error) ? 'PAM took too long' : toError(error).message);
    } finally {
      this.running.delete(process);
      if (!isKept) process.dispose();
    }
  }

  private keep(
    process: PamProcess,
    question: CredentialQuestion,
    prompts: Prompts,
    answers: readonly string[],
  ): CredentialAnswer {
    if (this.isDisposed || this.waiting.size >= (this.options.maxWaiting ?? 96)) return { kind: 'busy' };
    const conversation = randomBytes(16).toString('hex');
    const timer = setTimeout(
      () => this.abandon(conversation, 'nobody answered in time'),
      this.options.waitTimeoutMs ?? 120_000,
    );
    timer.unref();
    const { username, address } = question;
    this.waiting.set(conversation, {
      process,
      username,
      address,
      promptCount: prompts.length,
      answers,
      timer,
    });
    process.onFault(() => this.abandon(conversation, 'its PAM child ended'));
    return { kind: 'more', prompts, conversation };
  }

  private abandon(conversation: string, why: string): void {
    const waiting = this.waiting.get(conversation);
    if (waiting === undefined) return;
    this.options.log?.info(`the sign-in of ${waiting.username} from ${waiting.address} is given up: ${why}`);
    this.end(conversation);
  }

  private forget(conversation: string, waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.waiting.delete(conversation);
  }

  private deadline(signal: AbortSignal): AbortSignal {
    return withDeadline(this.options.stepTimeoutMs ?? 60_000, 'PAM', signal);
  }
}

function outcome(
  result: Result,
  username: string,
): Extract<CredentialAnswer, { kind: 'accepted' | 'refused' }> {
  if (result.isAccepted) return { kind: 'accepted', username: result.username ?? username };
  return refused(`${result.stage}: ${result.message} (PAM ${result.code})`);
}

function refused(reason: string): { readonly kind: 'refused'; readonly reason: string } {
  return { kind: 'refused', reason };
}
