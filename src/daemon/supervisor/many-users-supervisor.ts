import { Emitter } from '../../base/event';
import { isAbortError, toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { delay } from '../../base/time';
import type { Door, Supervisor, SupervisorAnswer, SupervisorQuestion } from '../../protocol/supervisor';
import { sourceOf } from '../platform/network-source';
import { environmentRuleFor } from '../configuration/environment-rule';
import type { SystemConfiguration } from '../configuration/system-configuration';
import type { Account, AccountReader } from './account';
import { AccountStanding } from './account-standing';
import type { AgentNeed, AgentsOfUsers } from './agents-of-users';
import { CheckQueue, checkQueueLimits } from './check-queue';
import { Conversations } from './conversations';
import { CredentialCheck, type CheckOutcome } from './credential-check';
import type { CredentialChecker } from './credential-checker';
import { SignInLimits } from './sign-in-limits';
import { judgeAccount, type PolicyVerdict } from './sign-in-policy';
import { tokenLifetimesOf, type TokenStore } from './token-store';

/** What the supervisor is made of. Who gives the parts disposes them. */
export interface ManyUsersParts {
  readonly accounts: AccountReader;
  readonly credentials: CredentialChecker;
  readonly tokens: TokenStore;
  readonly agents: Pick<AgentsOfUsers, 'ensure' | 'forgetUnused'>;
  readonly configuration: SystemConfiguration;
  /** Asked at each check: the file can change. */
  readonly readShells: () => Promise<ReadonlySet<string>>;
  readonly log: Logger;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number;
}

/**
 * A refusal takes at least this long, and up to so much more, from the question on: longer than PAM needs for a wrong password. A check that refuses
 * keeps its place among those at once for as long, as PAM's own delay would keep it: a fast machine must not look at more guesses than a slow one, and
 * who waited for a place learns nothing from the time either.
 */
const refusalMs = 2_000;
const refusalSpreadMs = 500;
const busyRetryMs = 2_000;
const cannotCheck = 'the host cannot check sign-ins at the moment; its log says why';

/**
 * The last words are for who is elsewhere now: a sign-in is judged by the address that it was made from, since a place that may not be used is left by
 * showing once more who one is, and not by carrying a token out of it.
 */
const barred =
  'your account may not be used on this host at the moment; you stay signed in. If you have moved to another network, sign out and sign in again';

type SignInAnswer = SupervisorAnswer<'signedIn' | 'more' | 'refused' | 'wait' | 'unavailable'>;

/**
 * The supervisor of a daemon that serves all users of a machine. Sign-in is by the password of the account and whatever else PAM asks; a code, a
 * wrong password, an account that is not there, is locked or is not allowed: all get the same refusal after the same time. It fails closed: what could not
 * be checked is not allowed.
 */
export class ManyUsersSupervisor implements Supervisor {
  private readonly signedInEmitter = new Emitter<{ readonly user: string; readonly source: string }>();
  private readonly limits: SignInLimits;
  private readonly checks = new CheckQueue(checkQueueLimits);
  private readonly conversations: Conversations;
  private readonly standing: AccountStanding;
  private configuration: SystemConfiguration;
  private lastAttempt = 0;

  constructor(private readonly parts: ManyUsersParts) {
    const { accounts, credentials, log, now } = parts;
    this.configuration = parts.configuration;
    this.limits = new SignInLimits(now);
    this.conversations = new Conversations((conversation) => credentials.end(conversation), now);
    this.standing = new AccountStanding({ accounts, credentials, log, now, judge: (one) => this.judge(one) });
  }

  /** Fires after each sign-in. */
  readonly onSignedIn = this.signedInEmitter.event;

  /**
   * Takes another configuration. Those whom it does not allow any more are cut off, and agents hear of another rule about environments, when a
   * sign-in is used or looked at next; the front door looks at all that have connections when it gets its next order.
   */
  reconfigure(configuration: SystemConfiguration): void {
    this.configuration = configuration;
    this.parts.tokens.setLifetimes(tokenLifetimesOf(configuration));
    this.standing.clear();
  }

  async signIn(question: SupervisorQuestion<'signIn'>, signal: AbortSignal): Promise<SignInAnswer> {
    const { credentials, address } = question;
    const source = sourceOf(address);
    const log = this.parts.log.child(`sign-in ${++this.lastAttempt}`);
    const floor = delay(refusalMs + this.parts.random() * refusalSpreadMs, signal);
    // Nobody waits for it where the answer is no refusal.
    floor.catch(toError);
    const username = 'code' in credentials ? '' : credentials.username;
    // Programs such as fail2ban read this, so that the address stands before everything that a stranger has written.
    const who = `from ${address}${username === '' ? '' : ` for ${toLogged(username)}`}`;
    const refuse = async (reason: string): Promise<SignInAnswer> => {
      log.warn(`refused ${who}: ${reason}`);
      await floor;
      return { kind: 'refused' };
    };
    log.info(`1/4: asked ${who}`);
    const open = this.takeConversation(question);
    if (open !== undefined && !('code' in credentials)) {
      const { conversation, answers } = credentials;
      const outcome = await this.check(
        open.check,
        answers,
        { conversation, isKnown: open.isKnown },
        signal,
        log,
      );
      return this.conclude({ ...open, question, outcome, refuse, log }, signal);
    }
    const decision = this.limits.begin(username, source);
    if (!decision.isAllowed) {
      log.warn(`too many attempts ${who}; has to wait ${Math.ceil(decision.retryAfterMs / 1000)} s`);
      return { kind: 'wait', retryAfterMs: decision.retryAfterMs };
    }
    if ('code' in credentials) return refuse('there are no pairing codes here');
    if (credentials.conversation !== undefined) return refuse('there is no such conversation');
    if (decision.delayMs > 0) {
      log.info(`looked at after ${decision.delayMs} ms: many attempts at this account have failed`);
      await delay(decision.delayMs, signal);
    }
    const { accounts, credentials: checker } = this.parts;
    const parts = { accounts, credentials: checker, judge: (account: Account) => this.judge(account), log };
    const check = new CredentialCheck(parts, username, address);
    const { isKnown } = decision;
    const outcome = await this.check(check, credentials.answers, { isKnown }, signal, log);
    return this.conclude({ question, check, rounds: 0, isKnown, outcome, refuse, log }, signal);
  }

  async resume(
    question: SupervisorQuestion<'resume'>,
    signal: AbortSignal,
  ): Promise<SupervisorAnswer<'resumed' | 'refused' | 'unavailable'>> {
    const { tokens, log } = this.parts;
    // Only what is answered with `resumed` is a use: who comes again and again while the account is barred keeps no sign-in alive by that.
    const signIn = tokens.find(question.token);
    if (signIn?.uid === undefined) return { kind: 'refused' };
    const { user, uid, address } = signIn;
    const standing = await this.standing.of(user, uid, address);
    if (standing.kind === 'unknown') return { kind: 'unavailable', message: cannotCheck };
    if (standing.kind === 'barred') {
      log.warn(`${user} (${uid}) may not be here now, and stays signed in: ${standing.reason}`);
      return { kind: 'unavailable', message: barred, endsConnections: true };
    }
    if (standing.kind === 'bad') {
      log.warn(`the sign-ins of ${user} (${uid}) end: ${standing.reason}`);
      await tokens
        .removeAccount(user, uid)
        .catch((error: unknown) => log.error('that is not written down yet', toError(error)));
      return { kind: 'refused' };
    }
    // It may have been signed out while its account was looked at.
    if (tokens.find(question.token) === undefined) return { kind: 'refused' };
    this.forgetUnused();
    try {
      const door = await this.doorOf(standing.account, 'use', signal);
      // Or while its agent started.
      if (tokens.use(question.token) === undefined) return { kind: 'refused' };
      // That a use could not be written down (a full disk) is no reason to turn a valid token away.
      tokens
        .saveUse()
        .catch((error: unknown) => log.warn(`sign-ins were not saved: ${toError(error).message}`));
      return { kind: 'resumed', user, door };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'unavailable', message: describeAgentFault(error) };
    }
  }

  async signOut(
    question: SupervisorQuestion<'signOut'>,
  ): Promise<SupervisorAnswer<'signedOut' | 'refused' | 'unavailable'>> {
    const { tokens, log } = this.parts;
    try {
      const user = tokens.find(question.token)?.user ?? '';
      const ended = await tokens.remove(question.token, question.isEverywhere);
      if (ended === 0) return { kind: 'refused' };
      log.info(`${user} signed out${question.isEverywhere ? ` everywhere (${ended} sign-ins)` : ''}`);
      this.forgetUnused();
      return { kind: 'signedOut', tokens: ended };
    } catch (error) {
      log.error('the sign-out was not written down', toError(error));
      const message = 'the sign-in has ended, but this is not written down yet. The host goes on trying';
      return { kind: 'unavailable', message };
    }
  }

  private takeConversation({ credentials, address }: SupervisorQuestion<'signIn'>) {
    if ('code' in credentials || credentials.conversation === undefined) return undefined;
    return this.conversations.take(credentials.conversation, credentials.username, sourceOf(address));
  }

  /** Asks in its turn. A fault of ours is told from a refusal. */
  private async check(
    check: CredentialCheck,
    answers: readonly string[],
    { conversation, isKnown }: { readonly conversation?: string | undefined; readonly isKnown: boolean },
    signal: AbortSignal,
    log: Logger,
  ): Promise<CheckOutcome | { readonly kind: 'failed' }> {
    const ask = async () => {
      const place = delay(refusalMs, signal);
      // Nobody waits for it where the answer is no refusal.
      place.catch(toError);
      const outcome = await check.ask(answers, conversation, signal);
      if (outcome.kind === 'refused') await place;
      return outcome;
    };
    try {
      const outcome = await this.checks.run(check.source, ask, signal, isKnown);
      if (outcome !== 'full') return outcome;
      if (conversation !== undefined) this.parts.credentials.end(conversation);
      return { kind: 'busy' };
    } catch (error) {
      if (conversation !== undefined) this.parts.credentials.end(conversation);
      // Not given back: who goes away before the answer has had a try all the same.
      signal.throwIfAborted();
      log.error(
        isAbortError(error) ? 'the check took too long' : 'the check was not possible',
        toError(error),
      );
      return { kind: 'failed' };
    }
  }

  private async conclude(attempt: Attempt, signal: AbortSignal): Promise<SignInAnswer> {
    const { check, rounds, isKnown, outcome, refuse, log } = attempt;
    const { username, source } = check;
    switch (outcome.kind) {
      case 'busy':
        this.limits.notChecked(username, source);
        log.warn('not looked at: too many checks are under way');
        return { kind: 'wait', retryAfterMs: busyRetryMs };
      case 'failed':
        this.limits.notChecked(username, source);
        return { kind: 'unavailable', message: cannotCheck };
      case 'refused':
        // The first refusal was counted when the attempt began.
        if (rounds > 0) this.limits.failedLater(username, source);
        return refuse(outcome.reason);
      case 'more': {
        const { prompts, conversation } = outcome;
        if (!this.conversations.keep(conversation, { check, rounds: rounds + 1, isKnown }))
          return refuse('the person was asked too often');
        log.info('2/4: the person is asked for more');
        return { kind: 'more', prompts, conversation };
      }
      case 'accepted':
        this.limits.accepted(username, source);
        this.checks.forgetTurn(source);
        log.info(`2/4: PAM accepts ${outcome.account.name} (${outcome.account.uid})`);
        return this.admit(attempt, outcome.account, signal);
    }
  }

  private async admit(attempt: Attempt, account: Account, signal: AbortSignal): Promise<SignInAnswer> {
    const { question, check, refuse, log } = attempt;
    try {
      const door = await this.doorOf(account, 'sign-in', signal);
      log.info('3/4: the agent answers');
      // A reload meanwhile has looked at those who were signed in, and this one was not.
      const verdict = await this.judge(account);
      if (!verdict.isAllowed) return await refuse(verdict.reason);
      const { token, expiresAtMs } = await this.parts.tokens.issue(account.name, question.label, {
        uid: account.uid,
        address: check.address,
      });
      log.info(`4/4: signed in as ${account.name}`);
      this.signedInEmitter.fire({ user: account.name, source: question.address });
      const expiresAt = new Date(expiresAtMs).toISOString();
      return { kind: 'signedIn', token, user: account.name, expiresAt, door };
    } catch (error) {
      signal.throwIfAborted();
      log.error('the sign-in was right and could not be finished', toError(error));
      return { kind: 'unavailable', message: describeAgentFault(error) };
    }
  }

  private doorOf(account: Account, need: AgentNeed, signal: AbortSignal): Promise<Door> {
    const rule = environmentRuleFor(this.configuration.environments, account.groups);
    return this.parts.agents.ensure(account, rule, need, signal);
  }

  private async judge(account: Account): Promise<PolicyVerdict> {
    return judgeAccount(account, this.configuration, await this.parts.readShells());
  }

  private forgetUnused(): void {
    const { agents, tokens } = this.parts;
    agents.forgetUnused(new Set(tokens.countByAccount().map(({ uid }) => uid)));
  }
}

/** A name as it was typed, without what a stranger could make it look like other words of the log by. */
function toLogged(username: string): string {
  return username.replace(/[^\p{L}\p{N}._@$+\\-]/gu, '?');
}

/** An attempt that was looked at. */
interface Attempt {
  readonly question: SupervisorQuestion<'signIn'>;
  readonly check: CredentialCheck;
  /** How often the person had been asked for more before this. */
  readonly rounds: number;
  /** Whether the account has signed in from this source before. */
  readonly isKnown: boolean;
  readonly outcome: CheckOutcome | { readonly kind: 'failed' };
  readonly refuse: (reason: string) => Promise<SignInAnswer>;
  readonly log: Logger;
}

/** The person is signed in or was about to be with the right password, and the agent is theirs: they may read the reason. */
function describeAgentFault(error: unknown): string {
  return `your agent on this host is not available: ${toError(error).message}`.slice(0, 600);
}
