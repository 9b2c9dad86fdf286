import { randomBytes } from 'node:crypto';
import type { Logger } from '../../base/logger';
import { sourceOf } from '../platform/network-source';
import type { Account, AccountReader } from './account';
import type { CredentialAnswer, CredentialChecker, CredentialQuestion } from './credential-checker';
import type { PolicyVerdict } from './sign-in-policy';

/** What came of asking about a person: like {@link CredentialAnswer}, with the account that they may use. */
export type CheckOutcome =
  { readonly kind: 'accepted'; readonly account: Account } | Exclude<CredentialAnswer, { kind: 'accepted' }>;

/** What a check is made of. */
export interface CredentialCheckParts {
  readonly accounts: AccountReader;
  readonly credentials: CredentialChecker;
  readonly judge: (account: Account) => Promise<PolicyVerdict>;
  readonly log: Logger;
}

const noSuchAccount: PolicyVerdict = { isAllowed: false, reason: 'there is no such account' };

/** Whom PAM is asked about in place of what cannot be the name of an account. No system makes an account of this name. */
const noAccount = '-no-such-account-';

/**
 * One attempt at signing in. An account that is not there, or that policy keeps out, is asked about all the same, with a password that nobody
 * can have: prompts and time are those of any wrong password then, and only the administrator's log knows more. OpenSSH does so too.
 */
export class CredentialCheck {
  private account: Account | undefined;
  private verdict = noSuchAccount;
  private isLookedUp = false;

  constructor(
    private readonly parts: CredentialCheckParts,
    /** As the person typed it. */
    readonly username: string,
    /** Where the person was when they began. */
    readonly address: string,
  ) {}

  /** Whom limits count it for. */
  get source(): string {
    return sourceOf(this.address);
  }

  /** Asks about the first answers, or about further ones of a conversation that the outcome before this one named. */
  async ask(
    answers: readonly string[],
    conversation: string | undefined,
    signal: AbortSignal,
  ): Promise<CheckOutcome> {
    if (!this.isLookedUp) await this.lookUp(signal);
    const question: CredentialQuestion = {
      username: isPossibleName(this.username) ? this.username : noAccount,
      address: this.address,
      answers: this.verdict.isAllowed ? answers : answers.map(impossibleAnswer),
    };
    const { credentials } = this.parts;
    const answer = await (conversation === undefined
      ? credentials.begin(question, signal)
      : credentials.continue(conversation, question, signal));
    if (answer.kind === 'accepted') return this.accept(answer.username, signal);
    // That policy refuses outweighs what PAM said of a password that was not the person's.
    if (answer.kind === 'refused' && !this.verdict.isAllowed) return refused(this.verdict.reason);
    return answer;
  }

  private async lookUp(signal: AbortSignal): Promise<PolicyVerdict> {
    this.account = isPossibleName(this.username)
      ? await this.parts.accounts.byName(this.username, signal)
      : undefined;
    this.verdict = this.account === undefined ? noSuchAccount : await this.judge(this.account, signal);
    this.isLookedUp = true;
    return this.verdict;
  }

  private async judge(account: Account, signal: AbortSignal): Promise<PolicyVerdict> {
    const verdict = await this.parts.judge(account);
    if (!verdict.isAllowed) return verdict;
    return judgeNumber(account, await this.parts.accounts.byUid(account.uid, signal));
  }

  /**
   * PAM accepted, perhaps under another name: a module can map names. The person may have taken minutes to answer, so the account is judged once
   * more: it, and what the configuration says of it, can be another by now.
   */
  private async accept(username: string, signal: AbortSignal): Promise<CheckOutcome> {
    if (!this.verdict.isAllowed) return refused(this.verdict.reason);
    const before = this.account?.uid;
    const verdictNow = await this.lookUp(signal);
    if (!verdictNow.isAllowed) return refused(verdictNow.reason);
    const { account } = this;
    if (account?.uid !== before) return refused('the name belongs to another account since it was asked for');
    if (account !== undefined && (username === account.name || username === this.username))
      return { kind: 'accepted', account };
    const mapped = await this.parts.accounts.byName(username, signal);
    if (mapped === undefined) return refused(`PAM calls the user ${username}, and there is no such account`);
    const verdict = await this.judge(mapped, signal);
    if (!verdict.isAllowed) return refused(`PAM calls the user ${username}: ${verdict.reason}`);
    this.parts.log.info(`PAM calls the user ${username}`);
    return { kind: 'accepted', account: mapped };
  }
}

/**
 * Two names can share a number, and are one user to the system then: what is said of one name must not be got round by the other. Only the name that
 * the number leads back to can sign in.
 */
export function judgeNumber(account: Account, ofNumber: Account | undefined): PolicyVerdict {
  if (ofNumber?.name === account.name) return { isAllowed: true };
  const whose = ofNumber === undefined ? 'no account' : `the account ${ofNumber.name}`;
  return { isAllowed: false, reason: `the number ${account.uid} of this account leads to ${whose}` };
}

function refused(reason: string): CheckOutcome {
  return { kind: 'refused', reason };
}

/** Whether a text can be a name at all; what ends a string in C or divides the fields of a file cannot. */
function isPossibleName(text: string): boolean {
  return /^[^\s:/\p{Cc}]{1,256}$/u.test(text) && !text.startsWith('-');
}

function impossibleAnswer(): string {
  return randomBytes(24).toString('base64url');
}
