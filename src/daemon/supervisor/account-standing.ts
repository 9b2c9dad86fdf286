import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { Shared } from '../../base/sequence';
import { withDeadline } from '../../base/time';
import type { Account, AccountReader } from './account';
import { CheckQueue } from './check-queue';
import { judgeNumber } from './credential-check';
import type { CredentialChecker } from './credential-checker';
import type { PolicyVerdict } from './sign-in-policy';

/** What became of an account since its user signed in. */
export type Standing =
  | { readonly kind: 'good'; readonly account: Account }
  | { readonly kind: 'bad'; readonly reason: string }
  /** It may not be used now (maintenance, the hour): nobody gets in or stays, and no sign-in ends. */
  | { readonly kind: 'barred'; readonly reason: string }
  /** It could not be found out. Nobody gets in meanwhile, and no sign-in ends. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Who is asked about an account. */
export interface AccountStandingParts {
  readonly accounts: AccountReader;
  readonly credentials: CredentialChecker;
  readonly judge: (account: Account) => Promise<PolicyVerdict>;
  readonly log: Logger;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

/**
 * For this long from the question on a good answer counts. An account that is locked is cut off within ten minutes: the front door believes the
 * answer for a minute more and looks at open connections twice a minute, and what is left is for the check itself.
 */
const goodForMs = 8 * 60_000;
/** For this long that an account may not be used now is not asked again: clients come back again and again meanwhile. */
const barredForMs = 20_000;
const checkTimeoutMs = 30_000;
const queueTimeoutMs = 60_000;
const maxRemembered = 4_096;

/** Below what the checker takes, so that a class whose answers grow old together is looked at in turn and not told that it is busy. */
const checkLimits = { maxRunning: 6, maxWaiting: maxRemembered };

interface Answer {
  readonly standing: Standing;
  readonly askedAtMs: number;
}

interface Entry {
  readonly asking: Shared<Answer>;
  known?: { readonly standing: Standing; readonly untilMs: number };
}

/**
 * Whether the accounts of those who are signed in are still as they have to be: there, of the same number, allowed by policy, and not locked or
 * expired as PAM's account management sees it. A good answer is kept for some minutes; many who ask at once share one question.
 */
export class AccountStanding {
  private readonly entries = new Map<string, Entry>();
  private readonly checks = new CheckQueue(checkLimits);

  constructor(private readonly parts: AccountStandingParts) {}

  /**
   * Looks at an account, or remembers. The address is that of the sign-in: rules of PAM about addresses (pam_access(8)) mean the same later as they did
   * then. Never rejects.
   */
  async of(user: string, uid: number, address = ''): Promise<Standing> {
    const key = `${uid} ${address} ${user}`;
    const entry = this.entries.get(key) ?? { asking: new Shared(() => this.askInTurn(user, uid, address)) };
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > maxRemembered) this.forgetOldest();
    const { known } = entry;
    if (known !== undefined && this.parts.now() < known.untilMs) return known.standing;
    const { standing, askedAtMs } = await entry.asking.run();
    const knownForMs = { good: goodForMs, barred: barredForMs, bad: 0, unknown: 0 }[standing.kind];
    if (knownForMs > 0) entry.known = { standing, untilMs: askedAtMs + knownForMs };
    else delete entry.known;
    return standing;
  }

  /** Forgets all answers: what is allowed has changed. */
  clear(): void {
    this.entries.clear();
  }

  /** Belongs to nobody who asked: another one may be waiting for it too. */
  private async askInTurn(user: string, uid: number, address: string): Promise<Answer> {
    const { now, log } = this.parts;
    let askedAtMs = now();
    const check = () => {
      askedAtMs = now();
      return this.ask(user, uid, address);
    };
    const signal = withDeadline(queueTimeoutMs, `the turn of the account ${user}`);
    const standing = await this.checks.run(`${uid}`, check, signal).catch((error: unknown) => {
      log.error(`the account ${user} was not looked at`, toError(error));
      return 'full' as const;
    });
    if (standing !== 'full') return { standing, askedAtMs };
    return { standing: { kind: 'unknown', reason: 'too many accounts are being looked at' }, askedAtMs };
  }

  private async ask(user: string, uid: number, address: string): Promise<Standing> {
    const { accounts, credentials } = this.parts;
    const signal = withDeadline(checkTimeoutMs, `the standing of the account ${user}`);
    try {
      const account = await accounts.byName(user, signal);
      if (account === undefined) return bad('there is no such account any more');
      if (account.uid !== uid)
        return bad(`the name belongs to the account ${account.uid} now, not to ${uid}`);
      for (const verdict of [
        await this.parts.judge(account),
        judgeNumber(account, await accounts.byUid(uid, signal)),
      ])
        if (!verdict.isAllowed) return bad(verdict.reason);
      const answer = await credentials.checkAccount(account.name, address, signal);
      switch (answer.kind) {
        case 'accepted':
          return { kind: 'good', account };
        case 'refused':
          return answer.canPass === true ? { kind: 'barred', reason: answer.reason } : bad(answer.reason);
        case 'busy':
          return { kind: 'unknown', reason: 'too many checks are under way' };
      }
    } catch (error) {
      this.parts.log.error(`the account ${user} could not be looked at`, toError(error));
      return { kind: 'unknown', reason: toError(error).message };
    }
  }

  private forgetOldest(): void {
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }
}

function bad(reason: string): Standing {
  return { kind: 'bad', reason };
}
