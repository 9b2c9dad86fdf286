import { createHash, randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import * as v from 'valibot';
import type { Disposable } from '../../base/disposable';
import { toError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import { parserOf, parseJson } from '../../base/parse';
import { Sequence } from '../../base/sequence';
import { addressSchema } from '../../protocol/address';
import type { SystemConfiguration } from '../configuration/system-configuration';
import { readFileIfPresent, writePrivateFile } from '../platform/private-files';

/** How long a sign-in lasts. */
export interface TokenLifetimes {
  /** Without use. */
  readonly idleMs: number;
  /** However much it is used. */
  readonly absoluteMs: number;
}

const dayMs = 24 * 60 * 60 * 1000;

/** What the daemon uses: 7 days without use, 30 days in all. */
export const tokenLifetimes: TokenLifetimes = { idleMs: 7 * dayMs, absoluteMs: 30 * dayMs };

/** What the configuration of the daemon of many users says. */
export function tokenLifetimesOf(
  configuration: Pick<SystemConfiguration, 'signInIdleDays' | 'signInDays'>,
): TokenLifetimes {
  return { idleMs: configuration.signInIdleDays * dayMs, absoluteMs: configuration.signInDays * dayMs };
}

/** The sign-ins of one user that were not used for longest are dropped beyond this, so that the file stays small and no user pushes others out. */
const maxTokensOfUser = 500;
/** Uses are written down this often at most: losing the last minutes of "last used" costs nothing. */
const saveUseIntervalMs = 60_000;
/** An ending that could not be written down is tried again this often. */
const retryIntervalMs = 5_000;

const recordSchema = v.object({
  /** SHA-256 of the token in hex. */
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  user: v.string(),
  /** The number of the user's account, where the store is that of many users: a name can be given to another account. */
  uid: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** Where the person was when they signed in; absent where the store is that of one user, and in files of versions that did not keep it. */
  address: v.exactOptional(addressSchema),
  label: v.exactOptional(v.string()),
  createdAtMs: v.number(),
  lastUsedAtMs: v.number(),
});

type TokenRecord = v.InferOutput<typeof recordSchema>;

const parseFile = parserOf('sign-ins', v.object({ version: v.literal(1), signIns: v.array(recordSchema) }));

/** A valid sign-in. */
export interface SignIn {
  readonly user: string;
  /** Absent where the store is that of one user. */
  readonly uid?: number;
  /** Where the person was when they signed in, if that is known. */
  readonly address?: string;
  /** When it ends even if used all the time, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/**
 * The sign-ins that are valid, in a file of this user's only that survives restarts. A token is 256 random bits; only its SHA-256 is kept,
 * so nobody who reads the file can sign in with it. Open it with {@link openTokenStore}; whoever does disposes it after the last `save`.
 */
export class TokenStore implements Disposable {
  private readonly writing = new Sequence();
  private lastSavedMs = 0;
  /** Runs while a sign-in that has ended is still in the file. */
  private retry: NodeJS.Timeout | undefined;
  private isDisposed = false;

  constructor(
    private readonly file: string,
    private readonly records: Map<string, TokenRecord>,
    private lifetimes: TokenLifetimes,
    private readonly now: () => number,
    private readonly log: Logger,
    private readonly retryMs: number,
  ) {}

  /** Makes a token. It is on the disk when the promise resolves; a disk that is full rejects with a `WireError`, and there is no token then. */
  async issue(
    user: string,
    label?: string,
    account: Pick<SignIn, 'uid' | 'address'> = {},
  ): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
    const token = randomBytes(32).toString('base64url');
    const digest = digestOf(token);
    const nowMs = this.now();
    this.records.set(digest, {
      digest,
      user,
      ...account,
      ...(label === undefined ? {} : { label }),
      createdAtMs: nowMs,
      lastUsedAtMs: nowMs,
    });
    try {
      await this.save();
    } catch (error) {
      this.records.delete(digest);
      throw error;
    }
    return { token, expiresAtMs: nowMs + this.lifetimes.absoluteMs };
  }

  /** The sign-in of a token if it is valid. That somebody asked is no use: the time without use goes on. */
  find(token: string): SignIn | undefined {
    const record = this.records.get(digestOf(token));
    if (record === undefined) return undefined;
    if (!this.isValid(record, this.now())) {
      this.records.delete(record.digest);
      return undefined;
    }
    return {
      user: record.user,
      ...(record.uid === undefined ? {} : { uid: record.uid }),
      ...(record.address === undefined ? {} : { address: record.address }),
      expiresAtMs: record.createdAtMs + this.lifetimes.absoluteMs,
    };
  }

  /** The sign-in of a token if it is valid, and notes its use. */
  use(token: string): SignIn | undefined {
    const signIn = this.find(token);
    const record = this.records.get(digestOf(token));
    if (record !== undefined) this.records.set(record.digest, { ...record, lastUsedAtMs: this.now() });
    return signIn;
  }

  /** Sets how long sign-ins last, the ones there are included. */
  setLifetimes(lifetimes: TokenLifetimes): void {
    this.lifetimes = lifetimes;
  }

  /**
   * Ends a sign-in, or all of its user. Resolves with how many ended; 0 when the token is not valid. It rejects when that cannot be written
   * down: the sign-ins have ended all the same, and writing is tried again until it succeeds.
   */
  async remove(token: string, isEverywhere: boolean): Promise<number> {
    const signIn = this.find(token);
    if (signIn === undefined) return 0;
    const digest = digestOf(token);
    return this.end((record) =>
      isEverywhere ? record.user === signIn.user && record.uid === signIn.uid : record.digest === digest,
    );
  }

  /** Ends all sign-ins of an account, as {@link remove} does. */
  removeAccount(user: string, uid: number): Promise<number> {
    return this.end((record) => record.user === user && record.uid === uid);
  }

  /** How many valid sign-ins each account has, in no order. Those without a number are left out. */
  countByAccount(): { readonly user: string; readonly uid: number; readonly signIns: number }[] {
    const nowMs = this.now();
    const counts = new Map<string, { user: string; uid: number; signIns: number }>();
    for (const { user, uid, ...record } of this.records.values()) {
      if (uid === undefined || !this.isValid(record, nowMs)) continue;
      const key = `${uid} ${user}`;
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { user, uid, signIns: 1 });
      else known.signIns += 1;
    }
    return [...counts.values()];
  }

  /** Ends the tries to write down what could not be. */
  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.retry);
  }

  /** How many sign-ins are valid now. */
  get size(): number {
    const nowMs = this.now();
    return [...this.records.values()].filter((record) => this.isValid(record, nowMs)).length;
  }

  /** Writes down when tokens were used, if that was long ago. */
  async saveUse(): Promise<void> {
    if (this.now() - this.lastSavedMs >= saveUseIntervalMs) await this.save();
  }

  /** Writes the file; writes do not overtake each other. */
  save(): Promise<void> {
    return this.writing.run(async () => {
      const nowMs = this.now();
      this.lastSavedMs = nowMs;
      const valid = [...this.records.values()].filter((record) => this.isValid(record, nowMs));
      valid.sort((one, other) => other.lastUsedAtMs - one.lastUsedAtMs);
      const counts = new Map<string, number>();
      const signIns = valid.filter((record) => {
        const key = `${record.uid ?? ''} ${record.user}`;
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        if (count > maxTokensOfUser) this.records.delete(record.digest);
        return count <= maxTokensOfUser;
      });
      await writePrivateFile(this.file, `${JSON.stringify({ version: 1, signIns }, undefined, 1)}\n`);
    });
  }

  /** A token that was signed out must not come back with a restart because the disk was full for a moment. */
  private saveLater(): void {
    clearTimeout(this.retry);
    if (this.isDisposed) return;
    this.retry = setTimeout(() => {
      this.save().then(
        () => this.log.info('the sign-ins that have ended are written down'),
        (error: unknown) => {
          this.log.debug(`sign-ins that have ended are still in the file: ${toError(error).message}`);
          this.saveLater();
        },
      );
    }, this.retryMs);
    this.retry.unref();
  }

  private async end(isEnding: (record: TokenRecord) => boolean): Promise<number> {
    const ended = [...this.records.values()].filter(isEnding);
    for (const record of ended) this.records.delete(record.digest);
    try {
      await this.save();
    } catch (error) {
      this.saveLater();
      throw error;
    }
    return ended.length;
  }

  private isValid(record: Pick<TokenRecord, 'lastUsedAtMs' | 'createdAtMs'>, nowMs: number): boolean {
    return (
      nowMs - record.lastUsedAtMs < this.lifetimes.idleMs &&
      nowMs - record.createdAtMs < this.lifetimes.absoluteMs
    );
  }
}

/**
 * Reads the file, which need not exist. A damaged one is set aside and everybody signs in again: it must not keep the daemon from starting,
 * and guessing at its content could let somebody in.
 */
export async function openTokenStore(
  file: string,
  lifetimes: TokenLifetimes,
  now: () => number,
  log: Logger,
  retryMs = retryIntervalMs,
): Promise<TokenStore> {
  const records = new Map<string, TokenRecord>();
  const text = await readFileIfPresent(file);
  if (text !== undefined) {
    const content = parseJson(text, parseFile);
    if (content.ok) for (const record of content.value.signIns) records.set(record.digest, record);
    else {
      await rename(file, `${file}.damaged`);
      log.warn(`${file} was not readable (${content.error.message}); everybody has to sign in again`);
    }
  }
  return new TokenStore(file, records, lifetimes, now, log, retryMs);
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
