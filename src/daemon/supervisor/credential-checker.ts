/** Whose credentials are to be checked, and what the person answered so far. */
export interface CredentialQuestion {
  readonly username: string;
  /** Where the attempt comes from, for the log and for modules that look at it. */
  readonly address: string;
  /** In the order of the prompts; the password alone where nothing was asked yet. */
  readonly answers: readonly string[];
}

/** What the person is asked next. `echo` is false for what must not be shown while it is typed. */
export interface CredentialPrompt {
  readonly text: string;
  readonly echo: boolean;
}

/** What came of a check. `reason` is for the administrator's log only. */
export type CredentialAnswer =
  | {
      readonly kind: 'accepted';
      /** What the checker calls the user, which can differ from the name that was typed. */
      readonly username: string;
    }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** Of an account that is looked at without credentials: whether this can pass by itself, as hours and maintenance do. */
      readonly canPass?: boolean;
    }
  | { readonly kind: 'more'; readonly prompts: CredentialPrompt[]; readonly conversation: string }
  /** Too many checks or conversations are under way. */
  | { readonly kind: 'busy' };

/**
 * Checks the credentials of the accounts of this machine. It counts nothing and knows no policy: its caller does. The promises reject when the
 * signal aborts or when no check was possible, which is not a refusal.
 */
export interface CredentialChecker {
  /** Begins a check. */
  begin(question: CredentialQuestion, signal: AbortSignal): Promise<CredentialAnswer>;
  /** Goes on with a check that asked for more; a conversation that is not known (any more) is refused. */
  continue(
    conversation: string,
    question: CredentialQuestion,
    signal: AbortSignal,
  ): Promise<CredentialAnswer>;
  /** Whether an account may be used now, without credentials: it is not locked, not expired, and may sign in at this hour. */
  checkAccount(
    username: string,
    address: string,
    signal: AbortSignal,
  ): Promise<Exclude<CredentialAnswer, { kind: 'more' }>>;
  /** Ends a conversation that nobody will go on with. One that is not known is left alone. */
  end(conversation: string): void;
}
