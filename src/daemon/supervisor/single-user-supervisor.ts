import { Emitter } from '../../base/event';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { delay } from '../../base/time';
import { WireError } from '../../protocol/errors';
import type { Supervisor, SupervisorAnswer, SupervisorQuestion } from '../../protocol/supervisor';
import { sourceOf } from '../platform/network-source';
import type { AgentDoor } from './agent-door';
import type { PairingCodes } from './pairing-code';
import type { RateLimiter } from './rate-limiter';
import type { TokenStore } from './token-store';

/** What the supervisor is made of. */
export interface SingleUserParts {
  /** The name of the user whose agent this is. */
  readonly user: string;
  readonly codes: PairingCodes;
  readonly tokens: TokenStore;
  readonly rateLimiter: RateLimiter;
  readonly door: AgentDoor;
  readonly log: Logger;
  /** How long every refusal takes, counted from the question. */
  readonly refusalMs: number;
}

/**
 * The supervisor of a daemon that serves one user, in the process of that user: sign-in is by pairing code only. A code that was used,
 * has expired, was never valid, or a user name with a password: all get the same refusal after the same time.
 */
export class SingleUserSupervisor implements Supervisor {
  private readonly signedInEmitter = new Emitter<{ readonly user: string; readonly source: string }>();
  private lastAttempt = 0;

  constructor(private readonly parts: SingleUserParts) {}

  /** Fires after each sign-in. */
  readonly onSignedIn = this.signedInEmitter.event;

  async signIn(
    question: SupervisorQuestion<'signIn'>,
    signal: AbortSignal,
  ): Promise<SupervisorAnswer<'signedIn' | 'refused' | 'wait' | 'unavailable'>> {
    const { codes, rateLimiter } = this.parts;
    const log = this.parts.log.child(`sign-in ${++this.lastAttempt}`);
    const source = sourceOf(question.address);
    const decision = rateLimiter.take(source);
    log.info(`1/4: asked from ${question.address}`);
    if (!decision.isAllowed) {
      log.warn(`2/4: too many attempts; has to wait ${Math.ceil(decision.retryAfterMs / 1000)} s`);
      return { kind: 'wait', retryAfterMs: decision.retryAfterMs };
    }
    const refusal = delay(this.parts.refusalMs, signal);
    // Nobody may be left to wait for it when the code is right.
    refusal.catch(toError);
    const claim = 'code' in question.credentials ? codes.claim(question.credentials.code) : undefined;
    if (claim === undefined) {
      log.warn('2/4: refused');
      await refusal;
      return { kind: 'refused' };
    }
    rateLimiter.succeeded(source);
    log.info('2/4: the pairing code is right and is used up');
    try {
      return await this.admit(question, log);
    } catch (error) {
      claim.restore();
      log.error('the sign-in could not be finished; the code stays valid', error);
      return { kind: 'unavailable', message: describe(error) };
    }
  }

  async resume(
    question: SupervisorQuestion<'resume'>,
  ): Promise<SupervisorAnswer<'resumed' | 'refused' | 'unavailable'>> {
    const signIn = this.parts.tokens.use(question.token);
    if (signIn === undefined) return { kind: 'refused' };
    // That a use could not be written down (a full disk) is no reason to turn a valid token away.
    this.parts.tokens
      .saveUse()
      .catch((error: unknown) => this.parts.log.warn(`sign-ins were not saved: ${toError(error).message}`));
    try {
      return { kind: 'resumed', user: signIn.user, door: await this.parts.door.ensure() };
    } catch (error) {
      return { kind: 'unavailable', message: describe(error) };
    }
  }

  async signOut(
    question: SupervisorQuestion<'signOut'>,
  ): Promise<SupervisorAnswer<'signedOut' | 'refused' | 'unavailable'>> {
    try {
      const ended = await this.parts.tokens.remove(question.token, question.isEverywhere);
      if (ended === 0) return { kind: 'refused' };
      this.parts.log.info(`signed out${question.isEverywhere ? ` everywhere (${ended} sign-ins)` : ''}`);
      return { kind: 'signedOut', tokens: ended };
    } catch (error) {
      this.parts.log.error('the sign-out was not written down', error);
      const message = `the sign-in has ended, but this is not written down yet: ${toError(error).message}. The host goes on trying`;
      return { kind: 'unavailable', message };
    }
  }

  private async admit(
    question: SupervisorQuestion<'signIn'>,
    log: Logger,
  ): Promise<SupervisorAnswer<'signedIn'>> {
    const door = await this.parts.door.ensure();
    log.info('3/4: the agent answers');
    const { token, expiresAtMs } = await this.parts.tokens.issue(this.parts.user, question.label);
    log.info(`4/4: signed in as ${this.parts.user}`);
    this.signedInEmitter.fire({ user: this.parts.user, source: question.address });
    const expiresAt = new Date(expiresAtMs).toISOString();
    return { kind: 'signedIn', token, user: this.parts.user, expiresAt, door };
  }
}

/** The user is signed in or was about to be with a right code, and the daemon is theirs: they may read the reason. */
function describe(error: unknown): string {
  return error instanceof WireError ? error.message : `the agent is not available: ${toError(error).message}`;
}
