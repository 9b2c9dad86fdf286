import { mostCrowded } from '../platform/network-source';
import type { CredentialCheck } from './credential-check';

/** How many sign-ins can wait for a person's next answer, in all and of one source, and how long one of them can. */
const maxConversations = 64;
const maxPerSource = 16;
const maxRounds = 16;
const lifetimeMs = 5 * 60_000;

/** A sign-in that waits for a person's next answer. */
export interface OpenConversation {
  readonly check: CredentialCheck;
  /** How often the person has been asked in it. */
  readonly rounds: number;
  /** Whether the account has signed in from this source before. */
  readonly isKnown: boolean;
}

interface Entry extends OpenConversation {
  readonly openedAtMs: number;
}

/**
 * The sign-ins in which the person was asked for more. Each can be taken once a round, so that two answers to one prompt are one answer and a
 * stranger. When there are too many, the oldest of the source that has the most ends, where the networks around an IPv6 source count before it:
 * strangers cannot hold all places. One of a person who has signed in from there before outlives all of strangers.
 */
export class Conversations {
  /** The oldest first. */
  private readonly entries = new Map<string, Entry>();

  constructor(
    /** Ends what waits on the other side. */
    private readonly end: (conversation: string) => void,
    private readonly now: () => number,
  ) {}

  /** Keeps one until it is taken. Whether it was kept: one in which the person was asked too often ends. */
  keep(conversation: string, { check, rounds, isKnown }: OpenConversation): boolean {
    if (rounds > maxRounds) {
      this.end(conversation);
      return false;
    }
    this.entries.set(conversation, { check, rounds, isKnown, openedAtMs: this.now() });
    this.dropOld();
    const ofSource = [...this.entries].filter(([, entry]) => entry.check.source === check.source);
    if (ofSource.length > maxPerSource) this.dropOneOf(ofSource);
    if (this.entries.size > maxConversations) this.dropOneOf([...this.entries]);
    return true;
  }

  /** The conversation, if it is one of this person from this source; nobody else can take it then. */
  take(conversation: string, username: string, source: string): OpenConversation | undefined {
    this.dropOld();
    const entry = this.entries.get(conversation);
    if (entry?.check.username !== username || entry.check.source !== source) return undefined;
    this.entries.delete(conversation);
    return entry;
  }

  /** How many wait now. */
  get size(): number {
    return this.entries.size;
  }

  private dropOld(): void {
    const nowMs = this.now();
    for (const [conversation, { openedAtMs }] of this.entries)
      if (nowMs - openedAtMs > lifetimeMs) this.drop(conversation);
  }

  /** The oldest of the most crowded source, of strangers as long as there are some. */
  private dropOneOf(entries: readonly (readonly [conversation: string, entry: Entry])[]): void {
    const strangers = entries.filter(([, { isKnown }]) => !isKnown);
    const crowd = mostCrowded(strangers.length === 0 ? entries : strangers, ([, { check }]) => check.source);
    this.drop(crowd[0]?.[0]);
  }

  private drop(conversation: string | undefined): void {
    if (conversation === undefined || !this.entries.delete(conversation)) return;
    this.end(conversation);
  }
}
